/**
 * Where Twilio may be asked to call back.
 * Proves: it is never given an address that it cannot call, because it would refuse each message for it.
 */
import { expect, it } from 'vitest'
import { canBeCalled } from './twilio-callback.ts'

const TWILIO = 'https://api.twilio.com'

it.each([
  ['https://bluewire.example.com/callbacks/one', true],
  ['https://203.0.113.7:8443/callbacks/one', true],
  ['https://[2001:db8::7]/callbacks/one', true],
  ['http://localhost:8080/callbacks/one', false],
  ['http://bluewire.localhost/callbacks/one', false],
  ['http://127.0.0.1:8080/callbacks/one', false], // what the gateway calls itself when nobody told it its address
  ['http://0.0.0.0:8080/callbacks/one', false],
  ['http://10.1.2.3/callbacks/one', false],
  ['http://172.31.0.1/callbacks/one', false],
  ['http://172.32.0.1/callbacks/one', true],
  ['http://192.168.1.2/callbacks/one', false],
  ['http://[::1]:8080/callbacks/one', false],
  ['http://[fd00::1]/callbacks/one', false],
  ['http://[::ffff:127.0.0.1]/callbacks/one', false],
])('%s: %s', (callbackUrl, can) => {
  expect(canBeCalled(callbackUrl, TWILIO)).toBe(can)
})

it('but by something in this network that stands for it', () => {
  expect(canBeCalled('http://127.0.0.1:8080/callbacks/one', 'http://127.0.0.1:9000')).toBe(true)
})
