// The tasks of a model: its distinct programs, and how often a run launches each.

import type { Graph, Node } from '../graph/graph.js';
import { isInPlace, viewsOf } from '../graph/passes/views.js';
import { isHosted } from '../lower/host.js';
import { type LoweredProgram, lowerNode } from '../lower/lower.js';
import { taskKey } from '../schedule/records.js';
import type { Task } from '../schedule/task-search.js';
import type { ImagePrologue } from './assemble.js';

/** @param images what read a picture instead of the node that they replace; all are tasks */
export function tasksOf(graph: Graph, images: readonly ImagePrologue[]): Task[] {
  const views = viewsOf(graph);
  const tasks = new Map<string, Task>();
  const add = (of: Graph, node: Node): void => {
    if (isHosted(node.op)) return;
    for (const lowered of lowerNode(of, node)) addTask(tasks, lowered);
  };
  for (const node of graph.nodes) if (!isInPlace(node, views)) add(graph, node);
  for (const image of images) add(image.graph, image.node);
  return [...tasks.values()];
}

function addTask(tasks: Map<string, Task>, { program, title, flops }: LoweredProgram): void {
  const key = taskKey(program);
  const count = (tasks.get(key)?.count ?? 0) + 1;
  tasks.set(key, { key, program, title, flops, count });
}
