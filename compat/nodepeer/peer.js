'use strict';
// One release of the npm package fast as a peer, driven by lines of JSON.
//   node peer.js serve DIR OPTIONS   says {"port": N}; serves until stdin ends
//   node peer.js call DIR PORT OPTIONS   {"id", "method", "args", "timeout"} in, {"id", "values", "count", "error"} out
//   ... {"id", "bench": {"method", "args", "concurrency", "ms"}} in, {"id", "requests", "seconds", "p50us", "p99us"} out
const net = require('net'), path = require('path'), readline = require('readline');

const [mode, dir, ...rest] = process.argv.slice(2);
const fast = require(path.join(dir, 'node_modules', 'fast'));
const old = typeof fast.createServer === 'function'; // releases below 2.0
const log = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, fatal() {}, child() { return log; } };
const say = (o) => process.stdout.write(JSON.stringify(o) + '\n');
const stdin = readline.createInterface({ input: process.stdin });
stdin.on('close', () => process.exit(0));

if (mode === 'serve') serve(JSON.parse(rest[0] || '{}'));
else call(Number(rest[0]), JSON.parse(rest[1] || '{}'));

// methods gives what both kinds of servers serve. write, end and fail are those of one request.
function methods() {
  return {
    date: (args, r) => { const d = new Date(); r.write({ timestamp: d.getTime(), iso8601: d.toISOString() }); r.end(); },
    echo: (args, r) => { args.forEach((a) => r.write({ value: a })); r.end(); },
    yes: (args, r) => {
      const { value, count } = args[0];
      for (let i = 0; i < count; i++) r.write({ value });
      r.end();
    },
    fail: (args, r) => {
      const { name, message, context, info, data } = args[0];
      (data || []).forEach((d) => r.write({ value: d }));
      const e = new Error(message);
      e.name = name; e.context = context || {};
      if (info) e.jse_info = info; // where VError looks for it
      setImmediate(() => r.fail(e));
    },
    sleep: (args, r) => { setTimeout(() => r.end(), args[0].ms); },
    scalar: (args, r) => { args.forEach((a) => r.write(a)); r.end(); }, // releases below 2.0 only
  };
}

function serve(opts) {
  const m = methods();
  if (old) {
    const srv = fast.createServer();
    for (const name of Object.keys(m)) {
      srv.rpc(name, function () {
        const args = Array.prototype.slice.call(arguments), res = args.pop();
        m[name](args, { write: (v) => res.write(v), end: () => res.end(), fail: (e) => res.end(e) });
      });
    }
    srv.on('clientError', () => {});
    srv.on('connection', (s) => { if (opts.nodelay) s.setNoDelay(true); });
    srv.listen(opts.port || 0, '127.0.0.1', () => say({ port: srv.srv.address().port }));
    return;
  }
  const tcp = net.createServer({ allowHalfOpen: true });
  if (opts.nodelay) tcp.on('connection', (s) => s.setNoDelay(true));
  const srv = new fast.FastServer(Object.assign({ log, server: tcp }, opts));
  for (const name of Object.keys(m)) {
    if (name === 'scalar') continue;
    srv.registerRpcMethod({ rpcmethod: name, rpchandler: (r) => m[name](r.argv(), { write: (v) => r.write(v), end: () => r.end(), fail: (e) => r.fail(e) }) });
  }
  tcp.listen(opts.port || 0, '127.0.0.1', () => say({ port: tcp.address().port }));
}

function call(port, opts) {
  connect(port, opts, (rpc) => {
    say({ ready: true });
    stdin.on('line', (line) => {
      const q = JSON.parse(line);
      if (q.bench) bench(rpc, q);
      else request(rpc, q, (a) => say(a));
    });
  });
}

// connect gives rpc(method, args, timeout), an emitter of data, end and error.
function connect(port, opts, done) {
  if (old) {
    const c = fast.createClient({ host: '127.0.0.1', port, reconnect: false });
    c.on('error', (e) => say({ clientError: String(e && e.message) }));
    c.on('close', () => say({ closed: true }));
    c.on('connect', () => {
      if (opts.nodelay) c.conn.setNoDelay(true);
      done((method, args) => {
        const r = c.rpc.apply(c, [method].concat(args));
        return { on(e, f) { r.on(e === 'data' ? 'message' : e, f); } };
      });
    });
    return;
  }
  const sock = net.connect(port, '127.0.0.1');
  sock.on('error', (e) => say({ socketError: e.message }));
  sock.on('close', () => say({ closed: true }));
  sock.on('connect', () => {
    if (opts.nodelay) sock.setNoDelay(true);
    const c = new fast.FastClient(Object.assign({ log, nRecentRequests: 1, transport: sock }, opts));
    c.on('error', (e) => say({ clientError: e.message }));
    done((method, args, timeout) => c.rpc(Object.assign({ rpcmethod: method, rpcargs: args }, timeout ? { timeout } : {})));
  });
}

function request(rpc, q, done) {
  let count = 0, over = false;
  const values = [];
  const end = (error) => { if (!over) { over = true; done({ id: q.id, count, values, error }); } };
  const r = rpc(q.method, q.args, q.timeout);
  if (old && q.timeout) setTimeout(() => end({ name: 'Silence' }), q.timeout).unref();
  r.on('data', (v) => { if (count++ < 16) values.push(v); });
  r.on('end', () => end());
  r.on('error', (e) => {
    const chain = [];
    for (let c = e; c; c = typeof c.cause === 'function' ? c.cause() : undefined) chain.push(c);
    const last = chain[chain.length - 1];
    end({ name: last.name, message: last.message, context: last.context, info: last.jse_info, chain: chain.map((c) => c.name) });
  });
}

function bench(rpc, q) {
  const { method, args, concurrency, ms } = q.bench;
  const times = [];
  let requests = 0, running = 0;
  const begun = process.hrtime.bigint(), until = begun + BigInt(ms) * 1000000n;
  const one = () => {
    const at = process.hrtime.bigint();
    if (at >= until) {
      if (running === 0) {
        times.sort((a, b) => a - b);
        const pick = (p) => times[Math.floor(p * (times.length - 1))] / 1000;
        say({ id: q.id, requests, seconds: Number(process.hrtime.bigint() - begun) / 1e9, p50us: pick(0.5), p99us: pick(0.99) });
      }
      return;
    }
    running++;
    const r = rpc(method, args);
    r.on('data', () => {});
    r.on('error', (e) => { say({ id: q.id, failed: e.message }); process.exit(1); });
    r.on('end', () => {
      running--; requests++;
      if (times.length < 1000000) times.push(Number(process.hrtime.bigint() - at));
      one();
    });
  };
  for (let i = 0; i < concurrency; i++) one();
}
