// VCR's providers have hosts of their own inside its network; here each is a name below "localhost".
import dns from "node:dns";
import { syncBuiltinESMExports } from "node:module";

const { lookup } = dns;
dns.lookup = (host, options, done = options) => {
  if (!host.endsWith(".localhost")) return lookup(host, options, done);
  const address = { address: "127.0.0.1", family: 4 };
  process.nextTick(done, null, options.all ? [address] : address.address, options.all ? undefined : 4);
};
syncBuiltinESMExports();
