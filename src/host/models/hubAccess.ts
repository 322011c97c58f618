/** What speaks to the hub, loaded together when somebody first does. */
export { chooseFiles } from '../../engine/hub/choosePatterns';
export { missingBytes } from '../../engine/hub/downloadModel';
export { HubClient } from '../../engine/hub/hubClient';
export { listModelFiles } from '../../engine/hub/modelFiles';
export { searchModels } from '../../engine/hub/searchModels';
export { whoAmI } from '../../engine/hub/whoAmI';
