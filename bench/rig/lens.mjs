/** The TypeScript lens of the benchmark: the same mapping as its SQL, as a person would write it. */
export const users = {
  forward({ email, active, name, profile: { theme, lang, tags, address, bio } }) {
    const space = name.indexOf(' ')
    return {
      email: email.toLowerCase(),
      status: active ? 'active' : 'inactive',
      first_name: name.slice(0, space),
      last_name: name.slice(space + 1),
      profile: { theme, lang, tags, address, bio, version: 4, consent: active },
    }
  },
}
