import assert from 'node:assert/strict';

/** With VS Code's own part, some 150 MB, and what these tests themselves keep. */
const MOST_MEGABYTES = 800;

// The last suite by name: everything before it counts.
describe('after all suites', () => {
  it('the extension host has stayed small', function () {
    const most = process.resourceUsage().maxRSS / 1024;
    assert(this.test);
    this.test.title = `the extension host has never taken more than ${most.toFixed(0)} MB`;
    assert(most < MOST_MEGABYTES, this.test.title);
  });
});
