import type { MoEngageSettings } from "../../config/moengage.ts";
import type { SetupCheck } from "../../core/insight.ts";

/** Whether MoEngage's profiles hear of opt-outs and opt-ins. */
export function dataApiAdvice({
  moengage: { dataApi },
}: {
  moengage: Pick<MoEngageSettings, "dataApi">;
}): SetupCheck {
  const about = { id: "data-api", title: "Opt-outs and opt-ins in MoEngage's profiles", ok: true };
  if (!dataApi) {
    return {
      ...about,
      found: "They are not written: START on WhatsApp and every SMS opt-out stay unknown to MoEngage",
      remedy: "Set MOENGAGE_DATA_API_URL, MOENGAGE_WORKSPACE_ID and MOENGAGE_DATA_API_KEY",
    };
  }
  return { ...about, found: `They are written to ${new URL(dataApi.url).host}`, remedy: "" };
}
