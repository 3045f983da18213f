import { MAPPER } from "../platforms/moengage/from-event.ts";

console.log(JSON.stringify(MAPPER, null, 2));
