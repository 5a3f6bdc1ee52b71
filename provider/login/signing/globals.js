// The libraries expect the Buffer of Node to be there without a word.
export { Buffer } from "buffer";
