// What a company puts in front of Portkey's gateway, loaded before it: it knows each key's
// configuration, which a client would otherwise have to send, and it listens on loopback only.
import http from 'node:http';
import net from 'node:net';

const configs = JSON.parse(process.env.INGRESS_CONFIGS);

const emit = http.Server.prototype.emit;
http.Server.prototype.emit = function (event, request, ...rest) {
  if (event === 'request') {
    const key = (request.headers.authorization ?? '').replace(/^Bearer /, '');
    if (configs[key]) request.rawHeaders.push('x-portkey-config', JSON.stringify(configs[key]));
  }
  return emit.call(this, event, request, ...rest);
};

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (asked, ...rest) {
  const port = Number(asked?.port ?? asked);
  return listen.call(this, port, '127.0.0.1', ...rest.filter((one) => typeof one === 'function'));
};

// Node 20 answers with headers that cannot be changed, which version 1.15.2 does to every stream:
// unless this is mended, it answers each of them with 500.
if (process.env.INGRESS_MENDS_STREAMS) {
  const fetched = globalThis.fetch;
  globalThis.fetch = async (...asked) => {
    const response = await fetched(...asked);
    return new Response(response.body, response);
  };
}
