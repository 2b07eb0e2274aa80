// A certified OpenID provider (oidc-provider) for the tests: strict rotation, fault switches, a clock
// that can be moved. One JSON line on stdout when it listens; it ends when its stdin ends.
//
//   node provider.mjs '{"mount": "/oauth2/default", "grace": 0, "accessLife": 28800, "rotate": true}'
//
// POST /control with JSON changes it: {"advance": seconds}, {"fault": {"kind", "times", "ms"}},
// {"grace": seconds}. GET /control tells the counters, and with ?issued every token issued (for leak
// searches). The option "origin" is the address clients use where something stands in between.
import http from 'node:http';
import https from 'node:https';
import fs from 'node:fs';
import { Provider } from 'oidc-provider';

const options = {
  mount: '', grace: 0, accessLife: 28800, refreshLife: 90 * 86400, rotate: true, dpop: false,
  cert: '', key: '', origin: '', ...JSON.parse(process.argv[2] ?? '{}'),
};
const counters = { renewals: 0, revoked: 0, errors: 0, codes: 0, devices: 0, faults: 0, reused: 0, dropped: 0 };
const issued = [];
let fault = { kind: '', times: 0 };
let offset = 0;
const realNow = Date.now;
Date.now = () => realNow() + offset;

// The adapter that comes with the provider keeps a thousand entries; a soak needs more.
const store = new Map();
const byGrant = new Map();
class MapAdapter {
  constructor(model) { this.model = model; }
  key(id) { return `${this.model}:${id}`; }
  async upsert(id, payload, expiresIn) {
    const key = this.key(id);
    if (payload.grantId) {
      if (!byGrant.has(payload.grantId)) byGrant.set(payload.grantId, new Set());
      byGrant.get(payload.grantId).add(key);
    }
    if (payload.userCode) store.set(`userCode:${payload.userCode}`, id);
    if (payload.uid) store.set(`uid:${this.model}:${payload.uid}`, id);
    store.set(key, { payload, expiresAt: expiresIn ? Date.now() + expiresIn * 1000 : Infinity });
  }
  async find(id) {
    const found = store.get(this.key(id));
    if (!found || found.expiresAt < Date.now()) return undefined;
    const { payload } = found;
    // A grace window: a refresh token that was just used may be used again (Okta, Cognito, Ory).
    if (this.model === 'RefreshToken' && payload.consumed && options.grace > 0
        && payload.consumed > Math.floor(Date.now() / 1000) - options.grace) {
      counters.reused += 1;
      const { consumed, ...fresh } = payload;
      return fresh;
    }
    return payload;
  }
  async findByUserCode(code) {
    const id = store.get(`userCode:${code}`);
    return id ? this.find(id) : undefined;
  }
  async findByUid(uid) {
    const id = store.get(`uid:${this.model}:${uid}`);
    return id ? this.find(id) : undefined;
  }
  async consume(id) {
    const found = store.get(this.key(id));
    if (found && !found.payload.consumed) found.payload.consumed = Math.floor(Date.now() / 1000);
  }
  async destroy(id) { store.delete(this.key(id)); }
  async revokeByGrantId(grantId) {
    for (const key of byGrant.get(grantId) ?? []) store.delete(key);
    byGrant.delete(grantId);
  }
}

const scheme = options.cert ? 'https' : 'http';
const server = options.cert
  ? https.createServer({ cert: fs.readFileSync(options.cert), key: fs.readFileSync(options.key) })
  : http.createServer();
await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
const origin = `${scheme}://${options.cert ? 'localhost' : '127.0.0.1'}:${server.address().port}`;
const issuer = `${options.origin || origin}${options.mount}`;

const provider = new Provider(issuer, {
  adapter: MapAdapter,
  clients: [{
    client_id: 'sidelight', application_type: 'native', token_endpoint_auth_method: 'none',
    redirect_uris: ['http://127.0.0.1/callback', 'http://localhost', 'http://localhost/'],
    grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
    response_types: ['code'],
  }],
  clientBasedCORS: () => false,
  cookies: { keys: ['a key for a test'] },
  claims: { openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email'] },
  findAccount: async (_context, id) => ({
    accountId: id,
    claims: async () => ({
      sub: id, name: 'Ada Example', preferred_username: 'ada@example.com', email: 'ada@example.com',
    }),
  }),
  features: {
    devInteractions: { enabled: false },
    deviceFlow: { enabled: true },
    revocation: { enabled: true },
    dPoP: { enabled: options.dpop },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => 'https://gateway.example',
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: 'openid profile offline_access', accessTokenFormat: 'jwt', accessTokenTTL: options.accessLife,
        jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
  interactions: { url: (_context, interaction) => `${options.mount}/interaction/${interaction.uid}` },
  issueRefreshToken: async (_context, client, code) =>
    client.grantTypeAllowed('refresh_token') && code.scopes.has('offline_access'),
  rotateRefreshToken: () => options.rotate,
  pkce: { required: () => true },
  responseModes: { formPost: true },
  // A grant must live as long as its refresh token, or it ends first.
  ttl: {
    AccessToken: options.accessLife, AuthorizationCode: 600, DeviceCode: 600, Grant: options.refreshLife,
    IdToken: 3600, Interaction: 600, RefreshToken: options.refreshLife, Session: 86400,
  },
  renderError: async (context, out) => { context.body = JSON.stringify(out); },
});
provider.proxy = true;
provider.on('grant.revoked', () => { counters.revoked += 1; });
provider.on('grant.error', () => { counters.errors += 1; });
provider.on('grant.success', (context) => {
  const body = context.body ?? {};
  for (const name of ['access_token', 'refresh_token']) if (body[name]) issued.push(body[name]);
  const type = context.oidc.params.grant_type;
  if (type === 'refresh_token') counters.renewals += 1;
  else if (type === 'authorization_code') counters.codes += 1;
  else counters.devices += 1;
});

async function interaction(request, response) {
  const { uid, prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  if (prompt.name === 'login') {
    return provider.interactionFinished(request, response, { login: { accountId: 'ada' } });
  }
  const grant = grantId ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope ?? 'openid');
  for (const [resource, scopes] of Object.entries(prompt.details.missingResourceScopes ?? {})) {
    grant.addResourceScope(resource, scopes.join(' '));
  }
  return provider.interactionFinished(
    request, response, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
}

const CAPTIVE = '<!doctype html><html><title>Hotel</title><body>Please accept our terms.</body></html>';
const answer = (response, status, type, body, headers = {}) => {
  response.writeHead(status, { 'content-type': type, ...headers });
  response.end(body);
};

/** Whether the fault took the request over. */
function misbehave(request, response) {
  if (fault.times <= 0 || !request.url.endsWith('/token')) return false;
  fault.times -= 1;
  counters.faults += 1;
  switch (fault.kind) {
    case 'slow': // The same request again, later: it then meets no fault.
      setTimeout(() => server.emit('request', request, response), fault.ms ?? 200); return true;
    case '503': answer(response, 503, 'text/plain', 'down'); return true;
    case '500': answer(response, 500, 'text/plain', 'broken'); return true;
    case '429': answer(response, 429, 'application/json', '{"error":"slow_down"}', { 'retry-after': '1' }); return true;
    case 'captive': answer(response, 200, 'text/html', CAPTIVE); return true;
    case 'redirect': answer(response, 302, 'text/html', '', { location: 'http://127.0.0.1:1/login' }); return true;
    case 'hang': return true;
    case 'reset': request.socket.destroy(); return true;
    case 'invalid_grant': answer(response, 400, 'application/json', '{"error":"invalid_grant"}'); return true;
    case 'drop': { // The provider processes it, and the answer is lost on the way.
      counters.dropped += 1;
      response.write = () => true;
      response.end = () => { request.socket.destroy(); return response; };
      return false;
    }
    default: return false;
  }
}

async function control(request, response) {
  if (request.method === 'POST') {
    let text = '';
    for await (const piece of request) text += piece;
    const asked = JSON.parse(text);
    if (asked.advance) offset += asked.advance * 1000;
    if (asked.fault) fault = { times: 1, ...asked.fault };
    if (asked.grace !== undefined) options.grace = asked.grace;
    if (asked.forget) issued.length = 0;
  }
  const told = { counters, now: Date.now() / 1000, ...(request.url.endsWith('?issued') && { issued }) };
  answer(response, 200, 'application/json', JSON.stringify(told));
}

const callback = provider.callback();
server.on('request', (request, response) => {
  if (request.url.startsWith('/control')) { control(request, response); return; }
  if (options.mount && !request.url.startsWith(options.mount)) { answer(response, 404, 'text/plain', ''); return; }
  if (misbehave(request, response)) return;
  request.originalUrl = request.url;
  request.url = request.url.slice(options.mount.length) || '/';
  if (request.url.startsWith('/interaction/')) {
    interaction(request, response).catch((error) => answer(response, 500, 'text/plain', String(error)));
    return;
  }
  callback(request, response);
});

console.log(JSON.stringify({ issuer, origin, pid: process.pid }));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
