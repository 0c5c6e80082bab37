// SPDX-License-Identifier: Apache-2.0
export { decodeFrames, decodeSound, encodeSound, FACE, BODY, DISCONTINUITY } from "./protocol.js";
export { Connection } from "./connection.js";
export { Timeline } from "./timeline.js";
export { Playhead } from "./playhead.js";
export { Speaker } from "./speaker.js";
export { Microphone } from "./microphone.js";
export { RigDriver } from "./rig.js";
export { VrmDriver } from "./vrm.js";
