/** What becomes of a message, as the server has it. */
export const STATES = ["waiting", "sending", "sent", "dead", "dropped"] as const;
