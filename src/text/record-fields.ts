/** The fields that are a record's own, in the order in which they are written. Others are those of the data that are kept. */
export const RECORD_FIELDS: readonly string[] = [
  'id',
  'instruction',
  'input',
  'output',
  'prompt',
  'response',
  'rejected',
  'system',
  'history',
  'conversation',
  'chat_turns',
];
