import type { Command } from './arguments/command.ts';
import { configOption, configurationOf } from './arguments/configuration.ts';

export const command: Command = {
  usage: 'gateway [--config FILE] [--port N]',
  about:
    'The dashboard, HTTP and WebSocket alone, for a pipeline that runs elsewhere. Reads its topics from the configured brokers; without brokers, from the file folder.\nAny number of gateways can run. Logs JSON lines on stderr, until Ctrl-C.',
  options: {
    config: configOption,
    port: { value: 'N', help: 'port to listen on; 0: any free one (default: as configured)' },
  },
  async run(context) {
    const { options, err, signal } = context;
    const port = options.number('port', 0, 65_535);
    const config = configurationOf(context);
    const { serveTopics } = await import('../serving/serve-topics.ts');
    const { createLog } = await import('../telemetry/log.ts');
    const { logTo } = await import('./terminal/command-log.ts');
    const log = createLog({ level: config.log.level, destination: logTo(err) });
    await serveTopics(
      { ...config, gateway: { ...config.gateway, port: port ?? config.gateway.port } },
      { log, signal },
    );
    return 0;
  },
};
