// Every row of the contract for Apinizer's APIOps as data, and what rows cannot say: real clients, a full disk, the log.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Ward } from '../support/ward.mjs';
import { fixtures, run } from './apinizer_runner.mjs';
import transport from './apinizer/transport.rows.mjs';
import keys from './apinizer/keys.rows.mjs';
import jwks from './apinizer/jwks.rows.mjs';
import proxies from './apinizer/proxies.rows.mjs';
import profiles from './apinizer/profiles.rows.mjs';

const servers = {};
const options = { seed: [], current: ['--surface-apinizer', 'current'], both: ['--surface-apinizer', 'both'], strict: ['--apinizer-strict', 'on'] };
before(async () => {
    for (const [name, args] of Object.entries(options)) servers[name] = await Ward.start({ clock: true, args });
});
after(async () => { for (const ward of Object.values(servers)) await ward.stop(); });

for (const [name, cases] of Object.entries({ transport, keys, jwks, proxies, profiles })) {
    describe(name, () => {
        for (const item of cases) {
            test(item.name, async () => {
                const ward = servers[item.profile ?? 'seed'];
                await run(ward, await fixtures(ward), item);
            });
        }
    });
}
