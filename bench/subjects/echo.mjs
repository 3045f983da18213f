// The least a server can do: read the body, and answer it with a small one.
import { createServer } from "node:http";

createServer((req, res) => {
  req.resume();
  req.on("end", () => {
    res.writeHead(200, { "content-type": "application/json" });
    res.end('{"status":"success"}');
  });
}).listen(Number(process.env.VCR_PORT));
