/** What both sides of sliding-window inference are told. */
export interface WindowSettings {
  readonly head: "unet" | "hybrid";
  /** The hybrid's ViT. */
  readonly encoder: { readonly patch: number; readonly dim: number; readonly depth: number; readonly heads: number };
  readonly numClasses: number;
  /** Height and width of the picture. */
  readonly shape: readonly [number, number];
  readonly tile: number;
  readonly overlap: number;
  readonly threads: number;
  /** Weights and picture that both have. */
  readonly stateFile: string;
}
