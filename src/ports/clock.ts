/**
 * Two clocks. Wall: signatures, tokens, sessions, leases; never moves by hand. Service: the life cycle of keys;
 * follows the wall clock, ahead of it where clock control moved it.
 */
export interface ClockPort {
  wallMs(): number
  serviceMs(): number
}
