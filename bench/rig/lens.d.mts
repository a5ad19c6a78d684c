/** The types of lens.mjs, which is JavaScript so that a worker thread of plain Node can load it. */
interface People {
  forward(row: { readonly active: boolean; readonly name: string }): {
    readonly status: string
    readonly first_name: string
    readonly last_name: string
  }
}
export declare const people: People

interface Users {
  forward(row: { readonly active: boolean; readonly name: string; readonly profile: Record<string, unknown> }): {
    readonly status: string
    readonly first_name: string
    readonly last_name: string
    readonly profile: Record<string, unknown>
  }
}
export declare const users: Users
