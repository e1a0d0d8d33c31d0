// Uses improv-wifi-serial-sdk as a web page does, with a MicroPython process in place of the serial port.
// Arguments: the SDK's serial.js, micropython, its program, the order for it. Prints a line of JSON for each thing that happens.

import { spawn } from 'node:child_process';
import { Readable, Writable } from 'node:stream';

const [sdk, micropython, program, order] = process.argv.slice(2);
globalThis.CustomEvent ??= class extends Event {
    constructor(name, options) {
        super(name);
        this.detail = options?.detail;
    }
};
const { ImprovSerial } = await import(sdk);

const tell = (what, value) => console.log(JSON.stringify({ [what]: value ?? null }));
const module = spawn(micropython, ['-X', 'heapsize=160K', program], { stdio: ['pipe', 'pipe', 'inherit'] });
module.stdin.write(order + '\n');
const port = { readable: Readable.toWeb(module.stdout), writable: Writable.toWeb(module.stdin) };
const problem = (what, ...more) => tell('problem', [what, ...more].map(String));
const client = new ImprovSerial(port, { log() {}, debug() {}, error: problem });
const states = [];
client.addEventListener('state-changed', event => states.push(event.detail));
const attempt = (ssid, key) => client.provision(ssid, key).then(() => 'joined', String);

tell('info', await client.initialize(10000));
tell('state', client.state);
tell('networks', await client.scan());
tell('wrong', await attempt('Home', 'not the key'));
tell('absent', await attempt('Nowhere', 'not the key'));
tell('right', await attempt('客厅 5楼', 'living-room'));
await client.requestCurrentState();
tell('states', states);
tell('hostname', await client.getHostname().catch(String));
module.stdin.end();
module.on('exit', () => process.exit(0));
