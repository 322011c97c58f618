/** Parts of the page that keys lead to, by their ids. */
export const ANSWER_ID = 'answer';
