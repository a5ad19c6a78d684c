/** The TypeScript lens of the benchmark: the same mapping as its SQL, as a person would write it. */
export const users = {
  forward({ active, name, profile }) {
    const space = name.indexOf(' ')
    return {
      status: active ? 'active' : 'inactive',
      first_name: name.slice(0, space),
      last_name: name.slice(space + 1),
      federation_profile: { version: '4.0', origin: 'v3', data: profile },
    }
  },
  backward({ status, first_name, last_name, federation_profile }) {
    return { active: status === 'active', name: `${first_name} ${last_name}`, profile: federation_profile.data }
  },
}
