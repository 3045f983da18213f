import { describe, expect, it } from "@jest/globals";
import { createRegistry, mergedText } from "../../src/lib/metrics.ts";

const lines = (text: string) => text.trimEnd().split("\n");

describe("a registry", () => {
  it("writes counters, those that are preset from the first time on", () => {
    const registry = createRegistry();
    const sends = registry.counter("sends_total", "Sends", ["channel", "outcome"]);
    registry.counter("plain_total", "Plain");
    sends.preset("sms", "ok");
    sends.inc("whatsapp", 'o"d\\d\n');
    sends.inc("whatsapp", 'o"d\\d\n');
    expect(lines(registry.text())).toEqual([
      "# HELP sends_total Sends",
      "# TYPE sends_total counter",
      'sends_total{channel="sms",outcome="ok"} 0',
      'sends_total{channel="whatsapp",outcome="o\\"d\\\\d\\n"} 2',
      "# HELP plain_total Plain",
      "# TYPE plain_total counter",
    ]);
  });

  it("writes histograms with what is below each bound", () => {
    const registry = createRegistry();
    const waits = registry.histogram("wait_seconds", "Waits", ["channel"], [1, 10]);
    for (const value of [0.5, 1, 5, 100]) waits.observe(value, "sms");
    expect(lines(registry.text()).slice(2)).toEqual([
      'wait_seconds_bucket{channel="sms",le="1"} 2',
      'wait_seconds_bucket{channel="sms",le="10"} 3',
      'wait_seconds_bucket{channel="sms",le="+Inf"} 4',
      'wait_seconds_sum{channel="sms"} 106.5',
      'wait_seconds_count{channel="sms"} 4',
    ]);
  });

  it("reads gauges when it is asked", () => {
    const registry = createRegistry();
    let rate = 1;
    registry.gauge("rate", "Rate", ["queue"], () => [[["sms"], rate]]);
    registry.counted("dropped_total", "Dropped", () => rate);
    rate = 2;
    expect(lines(registry.text()).filter((line) => !line.startsWith("#"))).toEqual([
      'rate{queue="sms"} 2',
      "dropped_total 2",
    ]);
  });

  it("keeps its labels few", () => {
    const registry = createRegistry();
    const failures = registry.counter("failures_total", "Failures", ["channel", "code"]);
    for (let code = 0; code < 500; code++) failures.inc("sms", String(code));
    const samples = lines(registry.text()).slice(2);
    expect([samples.length, samples.at(-1)]).toEqual([201, 'failures_total{channel="sms",code="other"} 300']);
  });
});

describe("the texts of several replicas", () => {
  const text = (value: number) =>
    `# HELP up Up\n# TYPE up gauge\nup ${value}\n# HELP n Many\n# TYPE n counter\nn{a="b c",d="}"} ${value}\n`;

  it("are one, each family once, each sample with its replica", () => {
    expect(
      lines(
        mergedText([
          { replica: "a", text: text(1) },
          { replica: 'b"', text: text(2) },
        ]),
      ),
    ).toEqual([
      "# HELP up Up",
      "# TYPE up gauge",
      'up{replica="a"} 1',
      'up{replica="b\\""} 2',
      "# HELP n Many",
      "# TYPE n counter",
      'n{replica="a",a="b c",d="}"} 1',
      'n{replica="b\\"",a="b c",d="}"} 2',
    ]);
  });

  it("are left out as far as they are none", () => {
    const strange = "stray 1\n<html>\n# TYPE up gauge\nup\nup 1 2 3\nother 4\n";
    expect(
      lines(
        mergedText([
          { replica: "a", text: text(1) },
          { replica: "b", text: strange },
        ]),
      ),
    ).toHaveLength(6);
  });
});
