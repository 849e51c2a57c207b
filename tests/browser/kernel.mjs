// The browser edition's Python without a browser: `node kernel.mjs RUN NOTEBOOK` runs the code cells of a notebook in the
// Pyodide, with the packages and the kernel that stand in RUN (site/public/run), and prints a line of JSON for each cell.
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [run, notebook] = process.argv.slice(2).map((path) => resolve(path));
const pyodideFolder = join(run, "static", "pyodide");
const { loadPyodide } = await import(pathToFileURL(join(pyodideFolder, "pyodide.mjs")));
const settings = JSON.parse(readFileSync(join(run, "jupyter-lite.json")))["jupyter-config-data"].litePluginSettings;
const { packages } = settings["@jupyterlite/pyodide-kernel-extension:kernel"].loadPyodideOptions;
const kernelWheels = join(run, "extensions", "@jupyterlite", "pyodide-kernel-extension", "static", "pypi");
const wheels = [
  ...readdirSync(kernelWheels).filter((name) => name.endsWith(".whl")).map((name) => join(kernelWheels, name)),
  ...packages.filter((name) => name.endsWith(".whl")).map((name) => join(run, "pypi", name.split("/").pop())),
];
const quiet = { messageCallback: () => {} };
const pyodide = await loadPyodide({ indexURL: pyodideFolder, stdout: console.error, stderr: console.error });
await pyodide.loadPackage(packages.filter((name) => !name.endsWith(".whl")), quiet);
await pyodide.loadPackage(wheels, quiet);

pyodide.runPython(`
import json, sys
import pyodide_kernel
from pyodide_kernel import kernel_instance as kernel, stderr_stream, stdout_stream

said = []

def note(kind, data):
    said.append({"output_type": kind, "data": {name: data[name] for name in data if name.startswith("text/")}})

def stream(name, text):
    if said and said[-1].get("name") == name:
        said[-1]["text"] += text
    else:
        said.append({"output_type": "stream", "name": name, "text": text})

shell = kernel.interpreter
shell.send_comm = lambda *_: None  # nobody looks at the widgets
shell.displayhook.publish_execution_result = lambda count, data, metadata: note("execute_result", data)
shell.display_pub.display_data_callback = lambda data, metadata, transient: note("display_data", data)
shell.display_pub.update_display_data_callback = lambda *_: None
shell.display_pub.clear_output_callback = lambda wait: said.clear()
stdout_stream.publish_stream_callback = stderr_stream.publish_stream_callback = stream

async def run_cell(source):
    said.clear()
    result = await kernel.run(source)
    if result["status"] == "error":
        said.append({"output_type": "error", "ename": result["ename"], "evalue": result["evalue"]})
    return json.dumps(said)
`);
const runCell = pyodide.globals.get("run_cell");
const write = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
for (const code of readFileSync(join(run, "loading.js"), "utf8").match(/FONTS = `([^]*?)`/)?.slice(1) ?? []) {
  await runCell(code.replaceAll("\\\\", "\\"));
}
for (const cell of JSON.parse(readFileSync(notebook)).cells) {
  if (cell.cell_type !== "code") continue;
  const began = process.cpuUsage(); // on a busy machine the clock says little
  const outputs = JSON.parse(await runCell([cell.source].flat().join("")));
  const { user, system } = process.cpuUsage(began);
  write({ outputs, seconds: (user + system) / 1e6 });
}
process.exit(0);
