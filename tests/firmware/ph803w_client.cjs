// Uses node-ph803w as its readme does: finds the device with the MAC address given, logs in without knowing the
// passcode, reads, listens. Prints a line of JSON for each thing that happens; ends when its input does.
// Arguments: MAC address, TCP port, own loopback address.

const { PH803WDevice, PH803WDiscovery } = require('node-ph803w');

const [mac, port, listenAddress] = process.argv.slice(2);
const tell = (what, value) => console.log(JSON.stringify({ [what]: value }));

function find() {
    return new Promise((resolve, reject) => {
        const discovery = new PH803WDiscovery({ listenAddress });
        discovery.on('error', reject);
        discovery.on('device', found => {
            if (found.data1 === mac) {
                discovery.stop().then(() => resolve(found));
            }
        });
        discovery.discover();
    });
}

async function main() {
    const found = await find();
    tell('found', found);
    const device = new PH803WDevice(found.ip, { port: Number(port), autoReconnect: false, pingInterval: 200 });
    device.on('error', (error, data) => tell('error', `${error} ${data ? data.toString('hex') : ''}`));
    device.on('disconnected', () => tell('disconnected', true));
    device.on('data', data => tell('data', data));
    await device.connect();
    tell('login', await device.login());
    tell('read', await device.retrieveData());
    let pongs = 0;
    const handlePong = device._handlePingPongResponse;
    device._handlePingPongResponse = function () {  // only watched: the client has no event for it
        handlePong.call(device);
        pongs += 1;
        if (pongs === 3) {
            tell('pongs', pongs);
        }
    };
    process.stdin.on('end', () => device.destroy());
    process.stdin.resume();
}

main().catch(error => {
    tell('failed', String(error));
    process.exit(1);
});
