/** How many times shorter than the guide's the waits are: two days in two seconds, unless the environment of the plan says otherwise. */
export const compress = Number(process.env['MANA_COMPRESS'] ?? 86_400)
