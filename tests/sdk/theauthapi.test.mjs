// The published SDK of The Auth API, both versions that npm serves, unchanged, against Ward: the acceptance run of the
// contract's section 5. One process a version and retryCount (the SDK's retry count is global to its process).
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { after, before, describe, test } from 'node:test';

import { Ward } from '../support/ward.mjs';

const run = promisify(execFile);
const script = fileURLToPath(new URL('./acceptance.cjs', import.meta.url));
let ward;

before(async () => { ward = await Ward.start(); });
after(() => ward?.stop());

describe('acceptance run with both npm versions [5 acceptance, 4.1 sdk, 4.2 anatomy]', () => {
    for (const version of ['theauthapi', 'theauthapi-rotate']) {
        for (const retryCount of [0, 3]) {
            test(`${version}, retryCount ${retryCount}`, async () => {
                const viewer = await ward.request('POST', '/access-keys', { key: ward.credentials.accessKey, body: { name: 'viewer', role: 'viewer' } });
                assert.equal(viewer.status, 201, viewer.text);
                const environment = { ...process.env, NO_PROXY: '127.0.0.1', HOST: ward.url, SDK: version, RETRY: `${retryCount}`, CREDENTIALS: JSON.stringify({ ...ward.credentials, viewer: viewer.body.key }) };
                const { stdout } = await run(process.execPath, [script], { env: environment, timeout: 120_000 });
                assert.match(stdout, /acceptance: \d+ steps passed/);
            });
        }
    }
});
