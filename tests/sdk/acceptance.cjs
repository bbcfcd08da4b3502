// One acceptance run, in a process of its own. Environment: SDK, RETRY, HOST, CREDENTIALS.
const assert = require('node:assert/strict');

const TheAuthAPI = require(process.env.SDK).default;
const { accessKey, viewer, accountId, projectId } = JSON.parse(process.env.CREDENTIALS);
const options = { host: process.env.HOST, retryCount: Number(process.env.RETRY) };
const hasRotate = process.env.SDK === 'theauthapi-rotate';
let steps = 0;
const step = async (name, work) => {
    try { await work(); steps += 1; } catch (error) { error.message = `${name}: ${error.message}`; throw error; }
};
const refused = (promise, status) => assert.rejects(promise, (error) => error.name === 'ApiResponseError' && error.statusCode === status);

(async () => {
    const client = new TheAuthAPI(accessKey, options);
    const { apiKeys } = client;
    let key;
    await step('create, generated', async () => {
        key = await apiKeys.createKey({ name: 'sdk', projectId, customMetaData: { seen: 'by the SDK' }, customAccountId: 'acc' });
        assert.match(key.key, /^live_[A-Za-z0-9]{64}$/);
        assert.ok(key.createdAt instanceof Date);
        assert.deepEqual(key.customMetaData, { seen: 'by the SDK' });
    });
    const customValue = `custom-${Date.now()}-${process.pid}`;
    await step('create, custom', async () => assert.equal((await apiKeys.createKey({ name: 'c', projectId, key: customValue })).key, customValue));
    const expiry = new Date(Date.now() + 86_400_000);
    await step('create, with a Date', async () => assert.equal((await apiKeys.createKey({ name: 'e', projectId, expiry })).expiresAt.getTime(), expiry.getTime()));
    await step('create, with an invalid Date', async () => assert.equal((await apiKeys.createKey({ name: 'e', projectId, expiry: new Date('x') })).expiresAt, null));
    await step('getKey', async () => assert.equal((await apiKeys.getKey(key.key)).name, 'sdk'));
    await step('getKeys without a project', async () => { await refused(apiKeys.getKeys(), 400); await refused(apiKeys.getKeys({}), 400); });
    await step('getKeys of a project', async () => assert.ok((await apiKeys.getKeys({ projectId })).some((k) => k.key === key.key)));
    await step('getKeys, null filter', async () => assert.ok((await apiKeys.getKeys({ projectId, customAccountId: null })).every((k) => k.customAccountId === null)));
    await step('getKeys, inactive', async () => assert.ok((await apiKeys.getKeys({ projectId, isActive: false })).every((k) => !k.isActive)));
    await step('getKeys, by name', async () => assert.ok((await apiKeys.getKeys({ projectId, name: 'SDK' })).length >= 1));
    await step('updateKey', async () => {
        const changed = await apiKeys.updateKey(key.key, { name: 'renamed', expiry, customUserId: 'u' });
        assert.equal(changed.name, 'renamed');
        assert.equal(changed.expiresAt.getTime(), expiry.getTime());
        assert.equal((await apiKeys.updateKey(key.key, { name: 'renamed', expiry: null })).expiresAt, null);
    });
    await step('updateKey, another value', async () => {
        const value = `${customValue}-2`;
        assert.equal((await apiKeys.updateKey(customValue, { name: 'c', key: value })).key, value);
        assert.equal(await apiKeys.isValidKey(customValue), false);
        assert.equal(await apiKeys.isValidKey(value), true);
    });
    await step('authenticateKey', async () => {
        assert.equal((await apiKeys.authenticateKey(key.key)).key, key.key);
        assert.equal(await apiKeys.isValidKey(key.key), true);
        assert.equal(await apiKeys.isValidKey('unknown-key'), false);
        await refused(apiKeys.authenticateKey('unknown-key'), 404);
    });
    await step('over the limit', async () => {
        const limited = await apiKeys.createKey({ name: 'l', projectId, rateLimitConfigs: { rateLimit: 2, rateLimitTtl: 600 } });
        await apiKeys.authenticateKey(limited.key);
        await apiKeys.authenticateKey(limited.key);
        await refused(apiKeys.authenticateKey(limited.key), 429);
        await refused(apiKeys.isValidKey(limited.key), 429);
    });
    await step('a window ends', async () => {
        const limited = await apiKeys.createKey({ name: 'w', projectId, rateLimitConfigs: { rateLimit: 1, rateLimitTtl: 1 } });
        await apiKeys.authenticateKey(limited.key);
        if (options.retryCount) await apiKeys.authenticateKey(limited.key); // the SDK's own retries outlast the window
        else await refused(apiKeys.authenticateKey(limited.key), 429);
    });
    await step('an expired key', async () => {
        const expired = await apiKeys.createKey({ name: 'x', projectId, expiry: new Date(Date.now() - 1000) });
        assert.equal(await apiKeys.isValidKey(expired.key), false);
        await refused(apiKeys.getKey(expired.key), 404);
    });
    await step('delete, reactivate', async () => {
        assert.equal(await apiKeys.deleteKey(key.key), true);
        assert.equal(await apiKeys.isValidKey(key.key), false);
        await refused(apiKeys.deleteKey(key.key), 404);
        assert.equal((await apiKeys.reactivateKey(key.key)).isActive, true);
        await refused(apiKeys.reactivateKey(key.key), 409);
        assert.equal(await apiKeys.isValidKey(key.key), true);
    });
    if (hasRotate) {
        await step('rotateKey', async () => {
            const fresh = await apiKeys.rotateKey(key.key);
            assert.notEqual(fresh.key, key.key);
            assert.equal(fresh.name, 'renamed');
            assert.equal(await apiKeys.isValidKey(key.key), false);
            assert.equal(await apiKeys.isValidKey(fresh.key), true);
        });
    }
    await step('wrong access key', async () => refused(new TheAuthAPI('wrong', options).apiKeys.getKey(key.key), 401));
    await step('viewer', async () => {
        const reader = new TheAuthAPI(viewer, options);
        const mine = await apiKeys.createKey({ name: 'v', projectId });
        assert.equal((await reader.apiKeys.getKey(mine.key)).name, 'v');
        await refused(reader.apiKeys.updateKey(mine.key, { name: 'n' }), 403);
        await refused(reader.apiKeys.deleteKey(mine.key), 403);
    });
    await step('projects', async () => {
        const name = `sdk-${process.pid}-${Date.now()}`;
        const project = await client.projects.createProject({ name, accountId, env: 'test' });
        assert.equal(project.env, 'test');
        assert.ok((await client.projects.getProjects(accountId)).some((p) => p.id === project.id));
        assert.equal((await client.projects.getProject(project.id)).name, name);
        assert.equal((await client.projects.updateProject(project.id, { name: `${name}-2` })).name, `${name}-2`);
        assert.equal(await client.projects.deleteProject(project.id), true);
        await refused(client.projects.getProject(project.id), 404);
    });
    await step('getAccount', async () => assert.equal((await client.accounts.getAccount(accountId)).id, accountId));
    await step('authenticateAPIKey (deprecated)', async () => {
        const value = (await apiKeys.createKey({ name: 'd', projectId })).key;
        await new Promise((resolve, reject) => { client.authenticateAPIKey(value, (answer) => (answer?.authenticated === true ? resolve() : reject(answer))); }); // the SDK hands the answer over as first argument
    });
    await step('an error has its message', async () => assert.rejects(apiKeys.getKey('nope'), (error) => error.message === '(404): Invalid client key'));
    console.log(`acceptance: ${steps} steps passed`);
})().catch((error) => { console.error(error); process.exit(1); });
