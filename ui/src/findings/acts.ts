/** What may become of a finding, as the server has it. */
export const STATES = ["open", "acknowledged", "approved", "done", "dismissed"] as const;
export const SORTS = ["anomaly", "recommendation", "violation", "insight"] as const;
export const SEVERITIES = ["critical", "high", "medium", "low"] as const;
export type State = (typeof STATES)[number];

/** The acts that lead from a state: where to, and what the button says. */
export const ACTS: Record<State, [State, string][]> = {
  open: [["acknowledged", "Acknowledge"], ["approved", "Approve"], ["done", "Done"], ["dismissed", "Dismiss"]],
  acknowledged: [["approved", "Approve"], ["done", "Done"], ["dismissed", "Dismiss"], ["open", "Open again"]],
  approved: [["done", "Done"], ["dismissed", "Dismiss"], ["open", "Open again"]],
  done: [["open", "Open again"]],
  dismissed: [["open", "Open again"]],
};

export const VERDICTS = [
  ["right", "It was right"],
  ["expected", "It was expected"],
  ["not_useful", "It was not useful"],
] as const;

export const SNOOZES = [["4h", "4 hours"], ["1d", "1 day"], ["3d", "3 days"], ["1w", "1 week"], ["0m", "Not any more"]] as const;
