/** What settings and environment may say of a module. */
import { describe, expect, it } from 'vitest'
import { readSetting, settingFrom } from './settings.ts'

describe('settings', () => {
  it('say versions, shares and shadows, and nothing else', () => {
    expect(readSetting({ decide: { percent: { v2: 5 } }, shadow: 0 })).toEqual({
      decide: { percent: { v2: 5 } },
      shadow: 0,
    })
    for (const wrong of [
      'v3',
      null,
      7,
      { percent: { v2: 101 } },
      { percent: { v1: 10 } },
      { decide: 'v1', shadow: '5' },
    ])
      expect(() => readSetting(wrong)).toThrow(RangeError)
    expect(settingFrom({ TRANSACTION_POOL_VERSION: 'v2' }, 'TRANSACTION_POOL_VERSION').decide).toBe('v2')
    expect(() => settingFrom({ SYNC_SERVICE_VERSION: 'v2 ' }, 'SYNC_SERVICE_VERSION')).toThrow('it says "v1" or "v2"')
  })
})
