/** Files that the bundler turns into text or into the view's style sheet. */
declare module '*.svg' {
  const text: string;
  export default text;
}
declare module '*.css';
