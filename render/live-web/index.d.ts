// SPDX-License-Identifier: Apache-2.0
export interface FaceFrame { time: number; weights: Float32Array; gaze: [number, number]; head: Float32Array; }
export interface BodyFrame { time: number; root: [number, number, number]; rotations: Float32Array; }
export interface Frames {
  kind: 1 | 2; sequence: number; start: number; fps: number; flags: number; joints: number;
  frames: (FaceFrame | BodyFrame)[];
}
export interface Names { curves: string[]; joints: string[]; parents: number[]; offsets: [number, number, number][]; }
export interface Welcome {
  type: "welcome"; v: number; session: string; resumed: boolean; latency: { face: number; body: number };
  names: Names; rate: number; sample: number; clock: number;
}
export interface ServerError { type: "error"; code: string; message: string; retry?: number; }
export interface Hello {
  token?: string; audio?: { rate: number }; source?: "microphone" | "speech"; emotion?: string; intensity?: number;
  speaker?: string; skeleton?: string; body_fps?: number; face_fps?: number; calm?: number; seed?: number;
  watch?: string;
}
export interface Known {
  text?: string;
  words?: { text: string; start: number; end: number }[];
  phones?: { symbol: string; start: number; end: number; stress?: number }[];
}
export interface Pose { face: FaceFrame | null; body: BodyFrame | null; }
export type State = "connecting" | "open" | "waiting" | "closed";

export const FACE: 1, BODY: 2, DISCONTINUITY: 1;
export function decodeFrames(buffer: ArrayBuffer): Frames;
export interface Sound { first: number; samples: Float32Array; }
export function decodeSound(buffer: ArrayBuffer): Sound;
export function encodeSound(samples: Float32Array, first: number): ArrayBuffer;

export class Connection {
  constructor(address: string, hello?: Hello, options?: { WebSocket?: unknown });
  readonly state: State;
  readonly welcome: Welcome | null;
  on(type: "frames", listener: (frames: Frames) => void): this;
  on(type: "sound", listener: (sound: Sound) => void): this;
  on(type: "spoken", listener: (message: { type: "spoken"; text: string }) => void): this;
  on(type: "state", listener: (state: State) => void): this;
  on(type: "welcome", listener: (welcome: Welcome) => void): this;
  on(type: "error", listener: (error: ServerError) => void): this;
  on(type: string, listener: (message: any) => void): this;
  open(): this;
  close(): void;
  tell(type: "emotion", values: { mix: string; fade?: number; at?: number }): boolean;
  tell(type: "interrupt", values: { played_until: number }): boolean;
  tell(type: "text", values: { text: string; last?: boolean }): boolean;
  tell(type: "listen" | "think"): boolean;
  tell(type: string, values?: object): boolean;
  sound(samples: Float32Array): number;
}
export class Timeline {
  readonly end: number;
  push(frames: Frames): void;
  at(time: number): Pose;
}
export class Playhead {
  constructor(timeline: Timeline, now?: () => number);
  readonly time: number | null;
  advance(): number | null;
}
export class Speaker {
  constructor(connection: Connection, playhead: Playhead, context: AudioContext, rate?: number);
  begin(utterance: string, known?: Known): boolean;
  push(samples: Float32Array): boolean;
  end(utterance: string): boolean;
  interrupt(): boolean;
  hush(): void;
  update(): void;
}
export class Microphone {
  constructor(connection: Connection, context: AudioContext);
  readonly level: number;
  open(): Promise<void>;
  close(): void;
}
export class RigDriver {
  constructor(scene: object, names: Names, options?: { bones?: Record<string, string>; eyes?: string[] });
  readonly missing: string[];
  show(pose: Pose): void;
}
export class VrmDriver {
  /** `vrm` is a VRM of @pixiv/three-vrm. */
  constructor(vrm: object, names: Names);
  readonly missing: string[];
  show(pose: Pose): void;
}
