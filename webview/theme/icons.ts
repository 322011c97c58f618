/** The codicons that the views use, drawn in place: no font to load, and only these. */
import add from '@vscode/codicons/src/icons/add.svg';
import arrowDown from '@vscode/codicons/src/icons/arrow-down.svg';
import arrowRight from '@vscode/codicons/src/icons/arrow-right.svg';
import arrowSwap from '@vscode/codicons/src/icons/arrow-swap.svg';
import arrowUp from '@vscode/codicons/src/icons/arrow-up.svg';
import check from '@vscode/codicons/src/icons/check.svg';
import chevronDown from '@vscode/codicons/src/icons/chevron-down.svg';
import chevronRight from '@vscode/codicons/src/icons/chevron-right.svg';
import chevronUp from '@vscode/codicons/src/icons/chevron-up.svg';
import circleSlash from '@vscode/codicons/src/icons/circle-slash.svg';
import circleSmall from '@vscode/codicons/src/icons/circle-small.svg';
import close from '@vscode/codicons/src/icons/close.svg';
import copy from '@vscode/codicons/src/icons/copy.svg';
import debugContinue from '@vscode/codicons/src/icons/debug-continue.svg';
import debugDisconnect from '@vscode/codicons/src/icons/debug-disconnect.svg';
import debugStop from '@vscode/codicons/src/icons/debug-stop.svg';
import diff from '@vscode/codicons/src/icons/diff.svg';
import ellipsis from '@vscode/codicons/src/icons/ellipsis.svg';
import error from '@vscode/codicons/src/icons/error.svg';
import exportIcon from '@vscode/codicons/src/icons/export.svg';
import filter from '@vscode/codicons/src/icons/filter.svg';
import folderOpened from '@vscode/codicons/src/icons/folder-opened.svg';
import gear from '@vscode/codicons/src/icons/gear.svg';
import gitBranch from '@vscode/codicons/src/icons/git-branch.svg';
import gitCompare from '@vscode/codicons/src/icons/git-compare.svg';
import history from '@vscode/codicons/src/icons/history.svg';
import info from '@vscode/codicons/src/icons/info.svg';
import link from '@vscode/codicons/src/icons/link.svg';
import list from '@vscode/codicons/src/icons/list-unordered.svg';
import loading from '@vscode/codicons/src/icons/loading.svg';
import lock from '@vscode/codicons/src/icons/lock.svg';
import newFile from '@vscode/codicons/src/icons/new-file.svg';
import output from '@vscode/codicons/src/icons/output.svg';
import pass from '@vscode/codicons/src/icons/pass.svg';
import play from '@vscode/codicons/src/icons/play.svg';
import question from '@vscode/codicons/src/icons/question.svg';
import refresh from '@vscode/codicons/src/icons/refresh.svg';
import save from '@vscode/codicons/src/icons/save.svg';
import search from '@vscode/codicons/src/icons/search.svg';
import shield from '@vscode/codicons/src/icons/shield.svg';
import splitHorizontal from '@vscode/codicons/src/icons/split-horizontal.svg';
import star from '@vscode/codicons/src/icons/star-full.svg';
import stop from '@vscode/codicons/src/icons/stop-circle.svg';
import sync from '@vscode/codicons/src/icons/sync.svg';
import table from '@vscode/codicons/src/icons/table.svg';
import trash from '@vscode/codicons/src/icons/trash.svg';
import warning from '@vscode/codicons/src/icons/warning.svg';
import zoomIn from '@vscode/codicons/src/icons/zoom-in.svg';
import zoomOut from '@vscode/codicons/src/icons/zoom-out.svg';
import { type TemplateResult, html } from 'lit/html.js';
import { unsafeHTML } from 'lit/directives/unsafe-html.js';

const icons = {
  add,
  arrowDown,
  arrowRight,
  arrowSwap,
  arrowUp,
  check,
  chevronDown,
  chevronRight,
  chevronUp,
  circleSlash,
  circleSmall,
  close,
  copy,
  debugContinue,
  debugDisconnect,
  debugStop,
  diff,
  ellipsis,
  error,
  export: exportIcon,
  filter,
  folderOpened,
  gear,
  gitBranch,
  gitCompare,
  history,
  info,
  link,
  list,
  loading,
  lock,
  newFile,
  output,
  pass,
  play,
  question,
  refresh,
  save,
  search,
  shield,
  splitHorizontal,
  star,
  stop,
  sync,
  table,
  trash,
  warning,
  zoomIn,
  zoomOut,
};

export type IconName = keyof typeof icons;

/** Decorative: whatever it means is also said in words. `spins` while something goes on. */
export const icon = (name: IconName, role = '', spins = false): TemplateResult =>
  html`<span class="icon ${role} ${spins ? 'spins' : ''}" aria-hidden="true"
    >${unsafeHTML(icons[name])}</span
  >`;
