import type { Shown } from "../app/typed";

/** How a user's account stands, in a word. */
export function standingOf(user: Shown<"UserShown">, now = Date.now()): string {
  if (!user.active) return "switched off";
  if (user.locked_until && Date.parse(user.locked_until) > now) return "locked";
  if (user.sort === "person" && !user.has_password && !user.single_sign_on) return "invited";
  return "active";
}
