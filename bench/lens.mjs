/** The TypeScript lens of the benchmark: the same mapping as its SQL, as a person would write it. */
export const users = {
  forward(row) {
    const { legacy_flag: _flag, tmp: _tmp, ...profile } = row.profile
    const [first, last] = row.name.split(' ')
    return {
      email: row.email.toLowerCase(),
      status: row.active ? 'active' : 'inactive',
      first_name: first ?? '',
      last_name: last ?? '',
      profile: { ...profile, version: 4, consent: row.active },
    }
  },
}
