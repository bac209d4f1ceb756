// Draws graphs: reads {"name": "digraph {…}"} and writes {"name": "<svg …>"}. Graphviz itself, compiled for Node; no network.
import { instance } from "@viz-js/viz";
import { readFileSync } from "node:fs";

const graphs = JSON.parse(readFileSync(0, "utf8"));
const graphviz = await instance();
const drawn = Object.fromEntries(
  Object.entries(graphs).map(([name, dot]) => [name, graphviz.renderString(dot, { format: "svg", engine: "dot" })]),
);
process.stdout.write(JSON.stringify(drawn));
