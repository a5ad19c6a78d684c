/** The functions of the benchmark: the mapping of its SQL, as a person would write it. */

/** Only what is put into a function: the rest of the lens are operations. */
export const people = {
  forward({ active, name }) {
    const space = name.indexOf(' ')
    return {
      status: active ? 'active' : 'inactive',
      first_name: name.slice(0, space),
      last_name: name.slice(space + 1),
    }
  },
  backward({ status, first_name, last_name }) {
    return { active: status === 'active', name: `${first_name} ${last_name}` }
  },
}

/** All of it as one function, which takes the whole document. */
export const users = {
  forward({ active, name, profile: { theme, lang, tags, address, bio } }) {
    const space = name.indexOf(' ')
    return {
      status: active ? 'active' : 'inactive',
      first_name: name.slice(0, space),
      last_name: name.slice(space + 1),
      profile: { theme, lang, tags, address, bio, version: 4, origin: 'v3' },
    }
  },
  backward({ status, first_name, last_name, profile: { theme, lang, tags, address, bio } }, was) {
    const { legacy_flag, tmp } = was?.profile ?? {}
    return {
      active: status === 'active',
      name: `${first_name} ${last_name}`,
      profile: { theme, lang, tags, address, bio, legacy_flag, tmp },
    }
  },
  lost: { forward: ['/profile/legacy_flag', '/profile/tmp'], backward: ['/profile/version', '/profile/origin'] },
}
