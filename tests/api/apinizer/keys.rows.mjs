// Keys, their contents, and the JWKs that follow them: contracts/apinizer.md 6, 7, 10.
import { SAMPLE, base64, brainpool, certutil, ec, ec2, ed, encrypted, explicit, p521, rsa, rsa2, secret, spaced, weak } from './materials.mjs';

const noEnvironment = (name) => [400, `Environment (${name}) is not found or user does not have privilege to access it!`];
const badContent = (type = 'PRIVATE_KEY') => [400, `Key content is neither PEM nor valid Base64 for key type ${type}! Send the PEM content Base64-encoded.`];
const refused = (why, environment = 'production') => [400, `Key content for environment (${environment}) is refused: ${why}`];
const missing = (name) => [404, `Key (name: ${name}) is not found!`];
const noMaterial = (name, environment, available) => [400, `(${name}) has no material for environment (${environment})! Available: ${available}`];

const entry = (environmentName, content, more = {}) => ({ environmentName, content, ...more });
const key = (name, content, environments = ['production'], more = {}) => ({ name, keyType: 'PRIVATE_KEY', cryptoKeyInfoEnvironmentList: environments.map((e) => entry(e, content)), ...more });
const secretKey = (name, environments = ['production'], more = {}) => key(name, secret(), environments, { keyType: 'SECRET_KEY', ...more });
const create = (body, deployed = body.cryptoKeyInfoEnvironmentList.map((e) => e.environmentName), project = '{p}') => ({ call: `POST ${project}/keys/`, body, deployed });
const put = (name, body, more) => ({ call: `PUT {p}/keys/${name}`, body, ...more });
const nothing = '{"success":true,"deploymentResult":{"success":true,"message":"Deployment completed successfully","environmentResults":[]}}';
const entries = (name, list) => ({ call: `GET {p}/keys/${name}`, expect: 200, match: { resultCount: 1, resultList: [{ cryptoKeyInfoEnvironmentList: list }] } });
const exported = (name, environment, content) => ({ call: `GET {p}/keys/${name}/export-file/?environmentName=${environment}`, exact: content, header: { 'content-type': 'application/x-pem-file' } });
const lf = (pem) => pem.replaceAll('\r\n', '\n');

const fromKey = (name, keyName, { environmentName = 'production', algorithm = 'RS256', sourceType = 'PRIVATE_KEY', project = '{p}', ...more } = {}) => ({
    call: `POST ${project}/jwks/`, body: { name, sourceType, keyName, environmentName, useType: 'SIGNATURE', algorithm, ...more }, expect: 200, match: { success: true, deploymentResult: { success: true } },
});
const jwk = (name, match, project = '{p}') => ({ call: `GET ${project}/jwks/${name}`, expect: 200, match: { resultCount: 1, resultList: [match] } });
const isOf = (material, more = {}) => ({ rsa: (value) => value.n === material.jwk.n, ...more });
const ID = /^[0-9a-f]{24}$/;
const follows = { sourceType: 'PRIVATE_KEY', sourceId: ID }, detached = { sourceType: 'PRIVATE_KEY', sourceId: null };

// section 10: [name, keyType, content, what the export gives]
const accepted = [
    ['PEM, PKCS#8', 'PRIVATE_KEY', rsa.pkcs8, rsa.pkcs8], ['PEM, PKCS#1', 'PRIVATE_KEY', rsa.own, null], ['PEM, SEC1', 'PRIVATE_KEY', ec.own, null], ['PEM, P-521', 'PRIVATE_KEY', p521.pkcs8, p521.pkcs8], ['PEM, Ed25519', 'PRIVATE_KEY', ed.pkcs8, ed.pkcs8],
    ['PEM, SPKI', 'PUBLIC_KEY', rsa.spki, rsa.spki], ['PEM, PKCS#1 public', 'PUBLIC_KEY', rsa.ownPublic, null], ['PEM, EC public', 'PUBLIC_KEY', ec.spki, ec.spki], ['PEM, CRLF', 'PRIVATE_KEY', rsa.pkcs8.replaceAll('\n', '\r\n'), null], ['PEM, blanks around', 'PRIVATE_KEY', ` \r\n${rsa.pkcs8}\n `, null],
    ['base64 of PEM', 'PRIVATE_KEY', rsa.pkcs8Base64, rsa.pkcs8], ['base64 of public PEM', 'PUBLIC_KEY', rsa.spkiBase64, rsa.spki], ['base64 in lines', 'PRIVATE_KEY', rsa.pkcs8Base64.replace(/(.{76})/g, '$1\r\n'), rsa.pkcs8], ['base64url without padding', 'PRIVATE_KEY', Buffer.from(rsa.pkcs8).toString('base64url'), rsa.pkcs8],
    ['base64 of DER', 'PRIVATE_KEY', rsa.pkcs8Der, rsa.pkcs8], ['base64 of DER with blanks', 'PRIVATE_KEY', spaced, rsa.pkcs8], ['base64 of DER, PKCS#1', 'PRIVATE_KEY', rsa.ownDer, null], ['base64 of DER, SEC1', 'PRIVATE_KEY', ec.ownDer, null], ['base64 of DER, SPKI', 'PUBLIC_KEY', rsa.spkiDer, rsa.spki],
    ['certutil', 'PRIVATE_KEY', certutil(rsa.pkcs8), rsa.pkcs8], ['certutil of a public key', 'PUBLIC_KEY', certutil(rsa.spki), rsa.spki], ['base64 of certutil', 'PRIVATE_KEY', base64(certutil(rsa.pkcs8)), rsa.pkcs8],
];

export default [
    // ---- create
    { name: 'create', rows: ['6.1 create', '6.0 object', '4.1 seed', '12 ids', '6.3 get'], steps: [
        { ...create({ name: 'my-key', description: 'text', keyType: 'SECRET_KEY', algorithm: 'AES', cryptoKeyInfoEnvironmentList: [entry('production', secret(), { alias: 'a' })] }), exact: '{"success":true,"deploymentResult":{"success":true,"message":"Deployment completed successfully","environmentResults":[{"environmentName":"production","success":true,"message":"Deployed successfully"}]}}' },
        { call: 'GET {p}/keys/my-key/', expect: 200, order: ['success', 'status', 'resultList', 'resultCount'], orderOf: { 'resultList.0': ['id', 'name', 'description', 'projectId', 'keyType', 'algorithm', 'cryptoKeyInfoEnvironmentList'], 'resultList.0.cryptoKeyInfoEnvironmentList.0': ['environmentId', 'environmentName', 'alias', 'source'] },
            match: { success: true, status: 'SUCCESS', resultCount: 1, resultList: [{ id: ID, name: 'my-key', description: 'text', projectId: '{projectId}', keyType: 'SECRET_KEY', algorithm: 'AES', cryptoKeyInfoEnvironmentList: [{ environmentId: ID, environmentName: 'production', alias: 'a', source: null }] }] } },
        create(secretKey('two', ['test', 'production'])), entries('two', [{ environmentName: 'production', alias: null }, { environmentName: 'test', alias: null }]),
        create(secretKey('plain')), { call: 'GET {p}/keys/plain', match: { resultList: [{ description: null, algorithm: null }] } }, create(key('pair', rsa.pkcs8Base64)), { call: 'GET {p}/keys/none', error: missing('none') },
    ] },
    { name: 'list', rows: ['6.2 list', '4.2 lists'], steps: [
        { call: 'GET {p}/keys/', exact: '{"success":true,"status":"SUCCESS","resultList":[],"resultCount":0}' },
        create(secretKey('b')), create(secretKey('a')), create(secretKey('B')), create(secretKey('ä')), create(secretKey('a '), ['production']), create(secretKey('10')), create(secretKey('9')),
        { call: 'GET {p}/keys/', match: (body) => body.resultList.map((k) => k.name).join() === '10,9,B,a,a ,b,ä' && body.resultCount === 7 && !JSON.stringify(body).includes('content') },
    ] },
    { name: 'create: refusals', rows: ['6.1 refusals', '6.1 duplicate', '6.1 empty list', '6.1 environments', '6.1 algorithm', '12 enums', '12 names', '12 reserved', '10 limits'], steps: [
        create(secretKey('taken')),
        ...[[secretKey('taken'), 'Key (name: taken) is already exist! Try update operation if want to change its value.'], [{}, 'Key name can not be empty!'], [secretKey(''), 'Key name can not be empty!'], [secretKey(' '), 'Key name can not be empty!'], [secretKey('\u3000\u00a0'), 'Key name can not be empty!'],
            [secretKey('x'.repeat(256)), 'name can not be longer than 255 bytes!'], [secretKey('ü'.repeat(128)), 'name can not be longer than 255 bytes!'], [secretKey('a\nb'), 'name can not contain control characters!'], [secretKey('a\u0000'), 'name can not contain control characters!'], [secretKey('\u007f'), 'name can not contain control characters!'], [secretKey('a\u0085'), 'name can not contain control characters!'],
            [secretKey('import'), 'name (import) is reserved!'], [secretKey('import-file'), 'name (import-file) is reserved!'],
            [{ ...secretKey('n'), keyType: 'RSA' }, 'Unknown keyType (RSA)! Supported values: SECRET_KEY, PRIVATE_KEY, PUBLIC_KEY'], [{ ...secretKey('n'), keyType: 'secret_key' }, 'Unknown keyType (secret_key)! Supported values: SECRET_KEY, PRIVATE_KEY, PUBLIC_KEY'], [{ ...secretKey('n'), keyType: undefined }, 'keyType value can not be empty! Supported values: SECRET_KEY, PRIVATE_KEY, PUBLIC_KEY'],
            [{ ...secretKey('n'), algorithm: 'foo' }, 'Unknown algorithm (foo)! Supported values: AES, DES, DESede, RSA'], [{ ...secretKey('n'), algorithm: 'aes' }, 'Unknown algorithm (aes)! Supported values: AES, DES, DESede, RSA'],
            [{ ...secretKey('n'), cryptoKeyInfoEnvironmentList: undefined }, 'cryptoKeyInfoEnvironmentList value can not be empty!'], [secretKey('n', []), 'cryptoKeyInfoEnvironmentList value can not be empty!'],
            [secretKey('n', ['Staging']), noEnvironment('Staging')[1]], [secretKey('n', ['production', 'PRODUCTION']), noEnvironment('PRODUCTION')[1]], [secretKey('n', ['closed']), noEnvironment('closed')[1]], [secretKey('n', ['production', 'production']), 'Environment (production) is given more than once in cryptoKeyInfoEnvironmentList!'],
            [{ ...secretKey('n'), cryptoKeyInfoEnvironmentList: [{ content: secret() }] }, 'environmentName value can not be empty!'], [{ ...secretKey('n'), cryptoKeyInfoEnvironmentList: [{ environmentName: 'production' }] }, 'content value can not be empty for environment (production)!'], [key('n', '', ['production']), 'content value can not be empty for environment (production)!'],
            [key('n', 'A'.repeat(65537), ['production'], { keyType: 'SECRET_KEY' }), 'Key content for environment (production) is larger than 64 KiB!'], [{ ...secretKey('n'), cryptoKeyInfoEnvironmentList: Array.from({ length: 257 }, (_, i) => entry(`e${i}`, 'AAAA')) }, 'cryptoKeyInfoEnvironmentList can not have more than 256 entries!'],
            [{ ...secretKey('n'), cryptoKeyInfoEnvironmentList: [entry('production', 'AAAA', { alias: 'a'.repeat(256) })] }, 'alias can not be longer than 255 bytes!'], [{ ...secretKey('n'), description: 'd'.repeat(4097) }, 'description value is too long!'],
        ].map(([body, text]) => ({ call: 'POST {p}/keys/', body, error: [400, text], unchanged: true })),
        ...['AES', 'DES', 'DESede', 'RSA'].map((algorithm) => create(secretKey(algorithm, ['production'], { algorithm }))), create(key('edge', 'A'.repeat(65536), ['production'], { keyType: 'SECRET_KEY' })), create(secretKey('d', ['production'], { description: 'd'.repeat(4096) })),
        create(secretKey('generate')), create(secretKey('Import')), create(secretKey('taken'), ['production'], '{q}'),
    ] },

    // ---- section 10
    { name: 'contents: every form comes out as one', rows: ['10 pem', '10 der', '10 certutil', '10 labels'], steps: accepted.flatMap(([name, keyType, content, stored], i) => [
        { ...create(key(`k${i}`, content, ['production'], { keyType, description: name })) }, ...(stored ? [exported(`k${i}`, 'production', lf(stored))] : [{ call: `GET {p}/keys/k${i}/export-file/?environmentName=production`, match: /^-----BEGIN (PRIVATE|RSA PRIVATE|EC PRIVATE|PUBLIC|RSA PUBLIC) KEY-----\n/, header: { 'content-type': 'application/x-pem-file' } }]),
        { call: 'POST {p}/jwks/', body: { name: `j${i}`, sourceType: keyType, keyName: `k${i}`, environmentName: 'production', useType: 'SIGNATURE', algorithm: /P-521/.test(name) ? 'ES512' : /Ed25519/.test(name) ? 'EdDSA' : /SEC1|EC public/.test(name) ? 'ES256' : 'RS256' }, expect: 200 },
    ]) },
    { name: 'contents: what is refused, and why', rows: ['10 neither', '10 half', '10 encrypted', '10 weak'], steps: [
        ...[['PRIVATE_KEY', 'not base64 !'], ['PRIVATE_KEY', '%%%'], ['PUBLIC_KEY', 'é'], ['PRIVATE_KEY', 'AAAAA'], ['SECRET_KEY', 'not base64 !'], ['SECRET_KEY', 'A'], ['PRIVATE_KEY', '   ']].map(([keyType, content]) => ({ call: 'POST {p}/keys/', body: key('n', content, ['production'], { keyType }), expect: 400, match: { error: 'bad_request', error_description: (text) => text === badContent(keyType)[1] || text === 'content value can not be empty for environment (production)!' }, unchanged: true })),
        ...[['PRIVATE_KEY', rsa.spki, 'The content is a public key or certificate where a private key is expected'], ['PUBLIC_KEY', rsa.pkcs8, 'The content is a private key where a public key is expected'], ['PUBLIC_KEY', rsa.pkcs8Der, 'The content is a private key where a public key is expected'], ['PRIVATE_KEY', ec.spkiDer, 'The content is a public key or certificate where a private key is expected'],
            ['PRIVATE_KEY', encrypted, 'The private key is encrypted with a passphrase; send it decrypted'], ['PRIVATE_KEY', base64(encrypted), 'The private key is encrypted with a passphrase; send it decrypted'],
            ['PRIVATE_KEY', weak.pkcs8, 'The RSA modulus is shorter than 2048 bits'], ['PRIVATE_KEY', weak.ownDer, 'The RSA modulus is shorter than 2048 bits'], ['PUBLIC_KEY', weak.spki, 'The RSA modulus is shorter than 2048 bits'],
            ['PRIVATE_KEY', brainpool, 'The EC curve is not supported: P-256, P-384, P-521 and secp256k1 are'], ['PRIVATE_KEY', explicit, 'The EC key spells out its curve parameters; only named curves are accepted'],
            ['PRIVATE_KEY', rsa.pkcs8 + ec.pkcs8, 'The content holds more than one PEM block'],
        ].map(([keyType, content, why]) => ({ call: 'POST {p}/keys/', body: key('n', content, ['production'], { keyType }), error: refused(why), unchanged: true })),
        { call: 'POST {p}/keys/', body: key('n', rsa.pkcs8.replace('-----END', '----END')), expect: 400, match: { error_description: /^Key content for environment \(production\) is refused: / } }, { call: 'POST {p}/keys/', body: key('n', rsa.pkcs8.replaceAll('PRIVATE KEY', 'DSA PRIVATE KEY')), expect: 400, match: { error_description: /unsupported kind/ } },
    ] },
    { name: 'contents: opaque ones are kept as they came', rows: ['10 opaque', '10 secret', '8.2 no pem'], steps: [
        create(key('opaque', SAMPLE)), exported('opaque', 'production', SAMPLE), { call: 'POST {p}/jwks/', body: { name: 'j', sourceType: 'PRIVATE_KEY', keyName: 'opaque', environmentName: 'production', useType: 'SIGNATURE', algorithm: 'RS256' }, error: [400, 'No PEM-encoded keys found'], unchanged: true },
        create(key('secret', 'AAECAwQFBgcICQoLDA0ODw==', ['production'], { keyType: 'SECRET_KEY', algorithm: 'AES' })), exported('secret', 'production', 'AAECAwQFBgcICQoLDA0ODw=='), create(key('odd', 'AAEC', ['production'], { keyType: 'SECRET_KEY', algorithm: 'AES' })), exported('odd', 'production', 'AAEC'),
        { call: 'POST {p}/jwks/parse-from-key', body: { name: 'j', keyName: 'secret', environmentName: 'production', useType: 'SIGNATURE', algorithm: 'HS256' }, expect: 400, match: { error: 'bad_request' }, unchanged: true },
    ] },
    { name: 'contents in strict mode', rows: ['10 opaque', '10 secret', '10 neither'], profile: 'strict', steps: [
        { call: 'POST {p}/keys/', body: key('n', SAMPLE), error: badContent(), unchanged: true }, { call: 'POST {p}/keys/', body: key('n', 'not base64 !'), error: badContent(), unchanged: true }, create(key('k', rsa.pkcs8)), { call: 'PUT {p}/keys/k', body: { cryptoKeyInfoEnvironmentList: [entry('production', SAMPLE)] }, error: badContent(), unchanged: true },
        ...[['AES', 16], ['AES', 24], ['AES', 32], ['DES', 8], ['DESede', 16], ['DESede', 24]].map(([algorithm, size]) => create(key(`${algorithm}${size}`, secret(size), ['production'], { keyType: 'SECRET_KEY', algorithm }))),
        ...[['AES', 15], ['AES', 8], ['DES', 16], ['DESede', 8]].map(([algorithm, size]) => ({ call: 'POST {p}/keys/', body: key('n', secret(size), ['production'], { keyType: 'SECRET_KEY', algorithm }), error: refused('The key has not the length that the algorithm needs'), unchanged: true })),
    ] },

    // ---- update, 6.4
    { name: 'update: everything at once', rows: ['6.4 list', '6.4 rename', '6.4 omitted list', '4.1 seed'], steps: [
        create(key('my-key', rsa.pkcs8Base64, ['production', 'test'])),
        put('my-key', { name: 'updated-key', description: 'Updated key description', keyType: 'PRIVATE_KEY', cryptoKeyInfoEnvironmentList: [entry('production', SAMPLE, { alias: 'updated-alias' })] }, { exact: '{"success":true,"deploymentResult":{"success":true,"message":"Deployment completed successfully","environmentResults":[{"environmentName":"production","success":true,"message":"Deployed successfully"},{"environmentName":"test","success":true,"message":"Undeployed successfully"}]}}' }),
        { call: 'GET {p}/keys/my-key', error: missing('my-key') }, { call: 'GET {p}/keys/updated-key', match: { resultList: [{ description: 'Updated key description', cryptoKeyInfoEnvironmentList: [{ environmentName: 'production', alias: 'updated-alias' }] }] } }, exported('updated-key', 'production', SAMPLE),
        put('updated-key', { name: 'new-key-name' }, { deployed: ['production'] }), put('new-key-name', { description: 'only words' }, { exact: nothing }), put('new-key-name', { cryptoKeyInfoEnvironmentList: null, description: 'null is not sent' }, { exact: nothing }), exported('new-key-name', 'production', SAMPLE),
    ] },
    { name: 'update: list', rows: ['6.4 list', '6.4 empty list', '6.4 no content', '6.4 alias', '6.4 duplicate'], steps: [
        create(secretKey('k', ['production', 'test'])), put('k', { cryptoKeyInfoEnvironmentList: [entry('uat', 'AAEC', { alias: 'one' }), entry('production', 'AAED')] }, { deployed: ['uat', 'production'], undeployed: ['test'] }), entries('k', [{ environmentName: 'production', alias: null }, { environmentName: 'uat', alias: 'one' }]), exported('k', 'uat', 'AAEC'), exported('k', 'production', 'AAED'),
        { call: 'GET {p}/keys/k/export-file/?environmentName=test', error: noMaterial('k', 'test', 'production, uat') },
        put('k', { cryptoKeyInfoEnvironmentList: [{ environmentName: 'uat', alias: 'two' }, { environmentName: 'production' }] }, { deployed: ['uat', 'production'] }), entries('k', [{ environmentName: 'production', alias: null }, { environmentName: 'uat', alias: 'two' }]), exported('k', 'uat', 'AAEC'),
        put('k', { cryptoKeyInfoEnvironmentList: [entry('uat', 'AAEE'), { environmentName: 'production', content: null, alias: 'p' }] }, { deployed: ['uat', 'production'] }), entries('k', [{ alias: 'p' }, { alias: 'two' }]), put('k', { cryptoKeyInfoEnvironmentList: [{ environmentName: 'uat', alias: null }, { environmentName: 'production' }] }, { deployed: ['uat', 'production'] }), entries('k', [{ alias: 'p' }, { alias: null }]), exported('k', 'uat', 'AAEE'),
        ...[[[{ environmentName: 'test' }], 'content value can not be empty for environment (test)!'], [[entry('test', '')], 'content value can not be empty for environment (test)!'], [[entry('test', 'AAEC'), entry('test', 'AAEC')], 'Environment (test) is given more than once in cryptoKeyInfoEnvironmentList!'], [[entry('production', 'AAEC'), entry('Staging', 'AAEC')], noEnvironment('Staging')[1]], [[entry('production', 'AAEC'), entry('closed', 'AAEC')], noEnvironment('closed')[1]], [[{ content: 'AAEC' }], 'environmentName value can not be empty!'], [[entry('production', 'AAEC'), entry('uat', '!')], badContent('SECRET_KEY')[1]]]
            .map(([cryptoKeyInfoEnvironmentList, text]) => put('k', { cryptoKeyInfoEnvironmentList, description: 'never' }, { error: [400, text], unchanged: true })),
        put('k', { cryptoKeyInfoEnvironmentList: [] }, { undeployed: ['production', 'uat'] }), entries('k', []), { call: 'GET {p}/keys/k/export-file/', error: [400, '(k) carries no environment material to export!'] }, put('k', { cryptoKeyInfoEnvironmentList: [] }, { exact: nothing }), put('k', { cryptoKeyInfoEnvironmentList: [{ environmentName: 'production' }] }, { error: [400, 'content value can not be empty for environment (production)!'] }), put('k', { cryptoKeyInfoEnvironmentList: [entry('test', 'AAEC')] }, { deployed: ['test'] }),
    ] },
    { name: 'update: names', rows: ['6.4 blank name', '6.4 same name', '6.4 taken name', '6.4 rename', '6.4 empty body', '12 reserved'], steps: [
        create(secretKey('a')), create(secretKey('b')), put('a', {}, { exact: nothing }), put('a?jwkUpdateAction=UPDATE', {}, { exact: nothing }), put('a', { name: 'a' }, { exact: nothing }), put('a', { name: null, description: null }, { exact: nothing }),
        ...[['', 'Key name can not be empty!'], [' \t', 'Key name can not be empty!'], ['\u2003', 'Key name can not be empty!'], ['b', 'Key (name: b) is already exist!'], ['import-file', 'name (import-file) is reserved!'], ['x'.repeat(256), 'name can not be longer than 255 bytes!'], ['a\rb', 'name can not contain control characters!']].map(([name, text]) => put('a', { name, description: 'never' }, { error: [400, text], unchanged: true })),
        put('a', { name: 'B' }, { deployed: ['production'] }), put('a', {}, { error: [404, 'Key (name: a) is not found! Try create operation.'] }), put('b', { name: 'a' }, { deployed: ['production'] }), put('B', { name: 'b' }, { deployed: ['production'] }),
    ] },
    { name: 'update: type and algorithm', rows: ['6.4 type', '6.4 omitted list', '6.1 algorithm', '10 half'], steps: [
        create(key('k', rsa.pkcs8Base64, ['production', 'test'])), put('k', { keyType: 'PUBLIC_KEY' }, { expect: 400, match: { error_description: /^Key content for environment \((production|test)\) is refused: The content is a private key where a public key is expected$/ }, unchanged: true }), put('k', { keyType: 'PRIVATE_KEY' }, { exact: nothing }), put('k', { keyType: 'PUBLIC_KEY', cryptoKeyInfoEnvironmentList: [entry('test', rsa.spki)] }, { deployed: ['test'], undeployed: ['production'] }),
        put('k', { keyType: 'rsa' }, { error: [400, 'Unknown keyType (rsa)! Supported values: SECRET_KEY, PRIVATE_KEY, PUBLIC_KEY'], unchanged: true }), put('k', { keyType: '' }, { error: [400, 'keyType value can not be empty! Supported values: SECRET_KEY, PRIVATE_KEY, PUBLIC_KEY'] }),
        create(secretKey('s', ['production', 'test'], { algorithm: 'AES' })), put('s', { algorithm: 'DESede' }, { deployed: ['production', 'test'] }), { call: 'GET {p}/keys/s', match: { resultList: [{ algorithm: 'DESede' }] } }, put('s', { algorithm: null }, { exact: nothing }), put('s', { algorithm: 'x' }, { error: [400, 'Unknown algorithm (x)! Supported values: AES, DES, DESede, RSA'], unchanged: true }), { call: 'GET {p}/keys/s', match: { resultList: [{ algorithm: 'DESede' }] } },
        create(key('o', SAMPLE)), put('o', { keyType: 'PUBLIC_KEY' }, { deployed: ['production'] }),
    ] },
    { name: 'update: queries', rows: ['6.4 unknown action', '6.4 scope alone', '6.4 old name', '7 none', '12 enums'], steps: [
        create(secretKey('k')),
        ...['?jwkUpdateAction=NULLIFY', '?jwkUpdateAction=UPDATE', '?jwkUpdateAction=UPDATE&updateScope=SAME_PROJECT', '?jwkUpdateAction=UPDATE&updateScope=ALL_PROJECTS', '?jwkUpdateAction=NULLIFY&updateScope=SAME_PROJECT', '?updateScope=ALL_PROJECTS', '?updateReferencedJwks=true&updateScope=SAME_PROJECT', '?updateReferencedJwks=false', '?other=x'].map((query) => put(`k/${query}`, { description: query }, { exact: nothing })),
        ...[['?jwkUpdateAction=X', 'Unknown jwkUpdateAction (X)! Supported values: NULLIFY, UPDATE'], ['?jwkUpdateAction=update', 'Unknown jwkUpdateAction (update)! Supported values: NULLIFY, UPDATE'], ['?jwkUpdateAction=DELETE', 'Unknown jwkUpdateAction (DELETE)! Supported values: NULLIFY, UPDATE'], ['?jwkUpdateAction=UPDATE&updateScope=ALL', 'Unknown updateScope (ALL)! Supported values: SAME_PROJECT, ALL_PROJECTS'], ['?updateReferencedJwks=yes', 'Unknown updateReferencedJwks (yes)! Supported values: true, false']].map(([query, text]) => put(`k/${query}`, { description: 'never' }, { error: [400, text], unchanged: true })),
    ] },

    // ---- delete
    { name: 'delete', rows: ['6.5 delete', '7 none', '13 order'], steps: [
        create(secretKey('k', ['production', 'test'])), { call: 'DELETE {p}/keys/k/', exact: '{"success":true,"deploymentResult":{"success":true,"message":"Undeployment completed successfully","environmentResults":[{"environmentName":"production","success":true,"message":"Undeployed successfully"},{"environmentName":"test","success":true,"message":"Undeployed successfully"}]}}' },
        { call: 'GET {p}/keys/k', error: missing('k') }, { call: 'DELETE {p}/keys/k', error: missing('k') }, create(secretKey('k')), ...['NULLIFY', 'DELETE', ''].flatMap((action) => [{ call: `DELETE {p}/keys/k?jwkDeleteAction=${action}`, undeployed: ['production'] }, create(secretKey('k'))]), { call: 'DELETE {p}/keys/k?jwkDeleteAction=UPDATE', error: [400, 'Unknown jwkDeleteAction (UPDATE)! Supported values: NULLIFY, DELETE'], unchanged: true },
    ] },

    // ---- section 7
    { name: 'NULLIFY detaches in all projects', rows: ['7 nullify', '7 rename'], steps: [
        create(key('k', rsa.pkcs8Base64, ['production', 'test'])), fromKey('j', 'k'), fromKey('other', 'k', { environmentName: 'test', algorithm: 'PS256' }), jwk('j', isOf(rsa, follows)),
        put('k', { cryptoKeyInfoEnvironmentList: [entry('production', rsa2.pkcs8), entry('test', rsa2.pkcs8)] }, { deployed: ['production', 'test'] }), jwk('j', isOf(rsa, detached)), jwk('other', isOf(rsa, detached)),
        fromKey('again', 'k'), put('k?jwkUpdateAction=NULLIFY', { description: 'only words' }, { exact: nothing }), jwk('again', isOf(rsa2, detached)), fromKey('third', 'k'), put('k', {}, { exact: nothing }), jwk('third', detached), fromKey('fourth', 'k'), put('k?updateReferencedJwks=false', {}, { exact: nothing }), jwk('fourth', detached),
    ] },
    { name: 'UPDATE parses again', rows: ['7 update', '7 rename', '6.4 scope alone', '6.4 old name'], steps: [
        create(key('k', rsa.pkcs8Base64, ['production', 'test'])), fromKey('j', 'k', { description: 'mine', algorithm: 'PS384' }), fromKey('t', 'k', { environmentName: 'test' }), { call: 'GET {p}/jwks/j', save: { kid: 'resultList.0.kid' } },
        put('k/?jwkUpdateAction=UPDATE&updateScope=SAME_PROJECT', { name: 'k2', cryptoKeyInfoEnvironmentList: [entry('production', rsa2.pkcs8), { environmentName: 'test' }] }, { deployed: ['production', 'test'] }),
        jwk('j', isOf(rsa2, { ...follows, name: 'j', description: 'mine', kid: '{kid}', useType: 'SIGNATURE', algorithm: 'PS384' })), jwk('t', isOf(rsa, follows)),
        { raw: 'GET /v1/projects/{projectId}/environments/uat/jwks.json', expect: 200, match: { keys: [{ kid: '{kid}', n: rsa2.jwk.n, alg: 'PS384', use: 'sig' }, { n: rsa.jwk.n }] } },
        put('k2?jwkUpdateAction=UPDATE', { cryptoKeyInfoEnvironmentList: [entry('production', rsa.pkcs8), entry('test', rsa2.pkcs8)] }, { deployed: ['production', 'test'] }), jwk('j', isOf(rsa, follows)), jwk('t', isOf(rsa2, follows)), put('k2?updateReferencedJwks=true&updateScope=SAME_PROJECT', { cryptoKeyInfoEnvironmentList: [entry('production', rsa2.pkcs8), entry('test', rsa2.pkcs8)] }, { deployed: ['production', 'test'] }), jwk('j', isOf(rsa2, follows)),
    ] },
    { name: 'UPDATE: what cannot be changes nothing', rows: ['7 lost environment', '7 unusable', '7 secret', '6.4 atomic'], steps: [
        create(key('k', rsa.pkcs8Base64, ['production', 'test'])), fromKey('j', 'k'), fromKey('t', 'k', { environmentName: 'test' }),
        put('k?jwkUpdateAction=UPDATE', { name: 'never', description: 'never', cryptoKeyInfoEnvironmentList: [entry('production', rsa2.pkcs8)] }, { error: [400, 'JWK (name: t) can not be updated: the key has no content for its environment (test) any more!'], unchanged: true }),
        put('k?jwkUpdateAction=UPDATE', { name: 'never', cryptoKeyInfoEnvironmentList: [entry('production', ec.pkcs8), { environmentName: 'test' }] }, { error: [400, 'JWK (name: j) can not be updated: the new content does not fit its algorithm RS256!'], unchanged: true }),
        put('k?jwkUpdateAction=UPDATE', { cryptoKeyInfoEnvironmentList: [entry('production', SAMPLE), { environmentName: 'test' }] }, { expect: 400, match: { error: 'bad_request' }, unchanged: true }),
        put('k?jwkUpdateAction=UPDATE', { keyType: 'SECRET_KEY', cryptoKeyInfoEnvironmentList: [entry('production', secret()), entry('test', secret())] }, { expect: 400, match: { error_description: /^JWK \(name: (j|t)\) can not be updated: a SECRET_KEY can not be the source of a JWK!$/ }, unchanged: true }),
        put('k', { keyType: 'SECRET_KEY', cryptoKeyInfoEnvironmentList: [entry('production', secret())] }, { deployed: ['production'], undeployed: ['test'] }), jwk('j', isOf(rsa, detached)), jwk('t', isOf(rsa, detached)),
    ] },
    { name: 'DELETE of a key and its JWKs', rows: ['7 delete nullify', '7 delete delete'], steps: [
        create(key('k', rsa.pkcs8Base64)), fromKey('j', 'k'), fromKey('j2', 'k'), { call: 'DELETE {p}/keys/k', undeployed: ['production'] }, jwk('j', isOf(rsa, detached)), jwk('j2', isOf(rsa, detached)),
        create(key('k', rsa.pkcs8Base64)), fromKey('a', 'k'), fromKey('b', 'k'), { call: 'DELETE {p}/keys/k/?jwkDeleteAction=DELETE', expect: 200, match: { success: true, deploymentResult: { success: true, message: 'Undeployment completed successfully', environmentResults: (list) => list.every((e) => e.success && e.message === 'Undeployed successfully') && list.some((e) => e.environmentName === 'production') } } },
        { call: 'GET {p}/jwks/a', error: [400, 'JWK (name: a) is not found!'] }, { call: 'GET {p}/jwks/b', error: [400, 'JWK (name: b) is not found!'] }, jwk('j', detached), { raw: 'GET /v1/projects/{projectId}/environments/production/jwks.json', expect: 200, match: { keys: [{}, {}] } },
    ] },

    // ---- files
    { name: 'export-file', rows: ['6.7 export', '6.7 refusals'], steps: [
        create(key('sign/ing "key"', rsa.pkcs8Base64, ['production', 'test'])), { call: 'GET {p}/keys/sign%2Fing%20%22key%22/export-file/?environmentName=test', exact: rsa.pkcs8, header: { 'content-type': 'application/x-pem-file', 'content-disposition': 'attachment; filename="sign_ing _key_-test.pem"', 'cache-control': 'no-store' } },
        { call: 'GET {p}/keys/sign%2Fing%20%22key%22/export-file', match: /^PK\x03\x04/, header: { 'content-type': 'application/octet-stream', 'content-disposition': 'attachment; filename="sign_ing _key_-keys.zip"' } }, create(secretKey('ü')), { call: 'GET {p}/keys/%C3%BC/export-file/?environmentName=production', expect: 200, header: { 'content-type': 'application/x-pem-file', 'content-disposition': "attachment; filename=\"__-production.pem\"; filename*=UTF-8''%C3%BC-production.pem" } },
        { call: 'GET {p}/keys/sign%2Fing%20%22key%22/export-file/?environmentName=prod', error: noMaterial('sign/ing "key"', 'prod', 'production, test') }, { call: 'GET {p}/keys/none/export-file/', error: missing('none') },
    ] },
    { name: 'import-file', rows: ['6.6 import', '6.6 override', '6.6 algorithm', '1 415', '10 pem'], steps: [
        { call: 'POST {p}/keys/import-file/', form: { keyName: 'signing-key', keyType: 'PRIVATE_KEY', environmentList: 'production, test', keyDescription: 'd', alias: 'a', keyFile: { file: 'k.pem', content: rsa.pkcs8 } }, exact: '{"status":"SUCCESS"}' }, { call: 'GET {p}/keys/signing-key', match: { resultList: [{ description: 'd', keyType: 'PRIVATE_KEY', cryptoKeyInfoEnvironmentList: [{ environmentName: 'production', alias: 'a' }, { environmentName: 'test', alias: 'a' }] }] } }, exported('signing-key', 'production', rsa.pkcs8),
        { call: 'POST {p}/keys/import-file/', form: { keyName: 'signing-key', keyType: 'PRIVATE_KEY', environmentList: 'uat', keyFile: { content: rsa2.pkcs8 } }, error: [400, 'Key (name: signing-key) is already exist! Send override=true to update it.'], unchanged: true },
        { call: 'POST {p}/keys/import-file', form: { keyName: 'signing-key', keyType: 'PRIVATE_KEY', environmentList: 'uat', override: 'true', keyFile: { content: rsa2.pkcs8Base64 } }, exact: '{"status":"SUCCESS"}' }, entries('signing-key', [{ environmentName: 'production' }, { environmentName: 'test' }, { environmentName: 'uat' }]), exported('signing-key', 'uat', rsa2.pkcs8), exported('signing-key', 'production', rsa.pkcs8),
        { call: 'POST {p}/keys/import-file/', form: { keyName: 's', keyType: 'SECRET_KEY', algorithm: 'aes', environmentList: 'production', keyFile: { content: 'AAEC' } }, exact: '{"status":"SUCCESS"}' }, { call: 'GET {p}/keys/s', match: { resultList: [{ algorithm: 'AES' }] } },
        ...[[{ keyType: '' }, 'keyType value can not be empty! Supported values: SECRET_KEY, PRIVATE_KEY, PUBLIC_KEY'], [{ keyType: 'RSA' }, 'Unknown keyType (RSA)! Supported values: SECRET_KEY, PRIVATE_KEY, PUBLIC_KEY'], [{ keyType: 'SECRET_KEY', keyFile: { content: 'AAEC' } }, 'algorithm is required for SECRET_KEY! Supported values: AES, DES, DESede, RSA'], [{ keyType: 'SECRET_KEY', algorithm: 'foo' }, 'Unknown algorithm (foo)! Supported values: AES, DES, DESede, RSA'],
            [{ keyFile: { content: 'not a key!' } }, badContent()[1]], [{ environmentList: 'Staging' }, noEnvironment('Staging')[1]], [{ environmentList: '' }, 'environmentList value can not be empty!'], [{ environmentList: ' , ' }, 'cryptoKeyInfoEnvironmentList value can not be empty!'], [{ keyName: '' }, 'Key name can not be empty!'], [{ keyName: 'import-file' }, 'name (import-file) is reserved!'], [{ keyFile: { content: '' } }, 'keyFile value can not be empty!'], [{ override: 'yes' }, 'override must be true or false!']]
            .map(([more, text]) => ({ call: 'POST {p}/keys/import-file/', form: { keyName: 'n', keyType: 'PRIVATE_KEY', environmentList: 'production', keyFile: { content: rsa.pkcs8 }, ...more }, error: [400, text], unchanged: true })),
        { call: 'POST {p}/keys/import-file/', headers: { 'content-type': 'multipart/form-data; boundary=x' }, text: '--x\r\nbroken', expect: 400, match: { error_description: /^Request body is not a valid form: / } }, { call: 'POST {p}/keys/import-file/', headers: { 'content-type': 'multipart/form-data' }, text: 'x', error: [400, 'Request body is not a valid form: the form names no boundary!'] },
        { call: 'POST {p}/keys/import-file/', form: { keyName: 'n', keyType: 'PRIVATE_KEY', keyFile: { content: Buffer.from('PK\x03\x04 no archive') } }, error: [400, 'keyFile can not be read: the archive is cut off!'], unchanged: true },
    ] },
];
