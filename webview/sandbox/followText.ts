/** Keeps the newest text in sight in columns that were scrolled to their end before they grew. */

/** Pixels from the end that still count as the end. */
const NEAR = 24;

export class FollowText {
  #following: HTMLElement[] = [];

  /** Before the page is drawn anew. */
  before(): void {
    this.#following = [...document.querySelectorAll<HTMLElement>('.texts')].filter(
      box => box.scrollHeight - box.clientHeight - box.scrollTop < NEAR,
    );
  }

  /** After that. Only while something is written: a text that is over stays where it is. */
  after(): void {
    for (const box of this.#following)
      if (box.querySelector('.caret')) box.scrollTop = box.scrollHeight;
  }
}
