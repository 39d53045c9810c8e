import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { loadConfig } from '../../src/config/load-config.ts';
import { root } from '../../testing/tools/tools.ts';

const serviceSchema = z.looseObject({
  image: z.string().optional(),
  restart: z.string().optional(),
  profiles: z.array(z.string()).optional(),
  command: z.array(z.string()).optional(),
  mem_limit: z.string().optional(),
  read_only: z.boolean().optional(),
  cap_drop: z.array(z.string()).optional(),
  security_opt: z.array(z.string()).optional(),
  privileged: z.literal(false).optional(),
  network_mode: z.never().optional(),
  depends_on: z.array(z.string()).optional(),
  ports: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string().nullable()).optional(),
  volumes: z.array(z.string()).optional(),
  healthcheck: z.looseObject({ test: z.array(z.string()), interval: z.string(), timeout: z.string() }).optional(),
  logging: z.looseObject({ options: z.looseObject({ 'max-size': z.string(), 'max-file': z.string() }) }).optional(),
});
type Service = z.infer<typeof serviceSchema>;

const fileSchema = z.looseObject({
  services: z.record(z.string(), serviceSchema),
  volumes: z.record(z.string(), z.null()).optional(),
});

/** A Compose file of the repository. `${NAME:-default}` is replaced as if NAME were not set. */
function compose(name: string): z.infer<typeof fileSchema> {
  const text = readFileSync(path.join(root, name), 'utf8').replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');
  return fileSchema.parse(parse(text, { merge: true }));
}

const dockerfile = readFileSync(path.join(root, 'Dockerfile'), 'utf8');
const base = compose('docker-compose.yml');
const demo = compose('deploy/compose.demo.yml');

/** Merges a service of a second file into the first, as Compose does. */
function overlaid(below: Service | undefined, above: Service): Service {
  return {
    ...below,
    ...above,
    environment: { ...below?.environment, ...above.environment },
    volumes: [...(below?.volumes ?? []), ...(above.volumes ?? [])],
  };
}

const withDemo: Record<string, Service> = { ...base.services };
for (const [name, service] of Object.entries(demo.services)) withDemo[name] = overlaid(withDemo[name], service);

const sets = { 'docker-compose.yml': base.services, 'docker-compose.yml with deploy/compose.demo.yml': withDemo };
const everyService = Object.entries(sets).flatMap(([file, services]) =>
  Object.entries(services).map(([name, service]) => ({ file, name, service })),
);
const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')));

/** The services that run our image. */
const ours = everyService.filter(({ service }) => service.image?.startsWith('market-feed:'));

describe.each(everyService)('$name in $file', ({ service }) => {
  it('has a restart policy, a health check, a memory limit and a log limit', () => {
    expect(service.restart).toBe('unless-stopped');
    expect(service.healthcheck?.test[0]).toBe('CMD');
    expect(service.mem_limit).toMatch(/^\d+[mg]$/);
    expect(service.logging?.options).toMatchObject({ 'max-size': '10m', 'max-file': '3' });
  });

  it('drops all capabilities and cannot gain privileges', () => {
    expect(service.security_opt).toEqual(['no-new-privileges:true']);
    expect(service.cap_drop).toEqual(['ALL']);
  });

  it('has our image with a version, or another image with a version and a digest', () => {
    expect(service.image).toMatch(/^(market-feed:\d+\.\d+\.\d+|[\w./-]+:v?\d+\.\d+\.\d+@sha256:[\da-f]{64})$/);
  });

  it('publishes its ports only on 127.0.0.1', () => {
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });

  it('mounts existing files read-only, and declared volumes', () => {
    for (const mount of service.volumes ?? []) {
      const [source = '', target, mode] = mount.split(':');
      expect(target).toMatch(/^\//);
      if (source.startsWith('.')) {
        expect(mode, mount).toBe('ro');
        expect(existsSync(path.join(root, source)), mount).toBe(true);
      } else expect(Object.keys(base.volumes ?? {})).toContain(source);
    }
  });
});

describe.each(ours)('our $name in $file', ({ service, name }) => {
  it('has the version of package.json', () => {
    expect(service.image).toBe(`market-feed:${version}`);
  });

  it('has a read-only file system, and no writable volume unless it is the feed', () => {
    expect(service.read_only).toBe(true);
    if (name !== 'feed') expect(service.volumes?.filter((mount) => !mount.endsWith(':ro')) ?? []).toEqual([]);
  });
});

/**
 * The environment of the process in the container: variables of the image and the service, and those that are passed
 * through.
 */
function environmentOf(service: Service, passed: Readonly<Record<string, string>>): Record<string, string> {
  const environment: Record<string, string> = { ...imageEnvironment() };
  for (const [name, value] of Object.entries(service.environment ?? {})) {
    const text = value ?? passed[name];
    if (text !== undefined) environment[name] = text;
  }
  return environment;
}

function imageEnvironment(): Record<string, string> {
  return Object.fromEntries(
    [...dockerfile.matchAll(/(MARKET_FEED__\w+)=(\S+)/g)].map(([, name, value]) => [name, value]),
  );
}

/** The configuration file in `--config`: a file of this repository that the service mounts or the image contains. */
function configFile(service: Service): string {
  const inContainer = service.command?.[service.command.indexOf('--config') + 1];
  if (!service.command?.includes('--config') || inContainer === undefined)
    return path.join(root, 'config/market-feed.yaml');
  const mount = service.volumes
    ?.map((text) => text.split(':'))
    .find(([, to = ' ']) => inContainer.startsWith(`${to}/`));
  if (mount === undefined) throw new Error(`nothing is mounted where ${inContainer} is`);
  return path.join(root, mount[0] ?? '', inContainer.slice((mount[1] ?? '').length));
}

const whole = Object.fromEntries(
  readFileSync(path.join(root, 'deploy/whole.env'), 'utf8')
    .split('\n')
    .filter((line) => /^\w+=/.test(line))
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
);

describe('the configuration of a container', () => {
  const configured = ours.filter(({ name }) => name !== 'simulator');

  it.each(configured)('is valid and writes to Kafka: $name in $file', ({ service }) => {
    const config = loadConfig({ file: configFile(service), environment: environmentOf(service, {}) });
    expect(config.sinks).toEqual(['kafka']);
    expect(config.kafka.brokers).toEqual(['kafka:19092']);
    expect(config.kafka.schemaRegistry).toBeNull();
    expect(config.gateway).toMatchObject({ enabled: true, host: '0.0.0.0', port: 8080 });
    expect(config.spill.dir).toMatch(/^\/var\/lib\/market-feed\//);
  });

  it.each(configured)('has the schema registry with deploy/whole.env: $name in $file', ({ service }) => {
    const config = loadConfig({ file: configFile(service), environment: environmentOf(service, whole) });
    expect(config.kafka.schemaRegistry?.url).toMatch(/^http:\/\/schema-registry:8080\//);
  });

  it('names the live venues by default, and only simulated venues in the demo', () => {
    const of = (service: Service | undefined) => {
      if (service === undefined) throw new Error('no such service');
      return loadConfig({ file: configFile(service), environment: environmentOf(service, {}) });
    };
    expect(of(base.services.feed).environment).toBe('production');
    expect(of(base.services.feed).venues.bybit.websocketUrls).toEqual(['wss://stream.bybit.com/v5/public/spot']);
    expect(base.services.simulator).toBeUndefined();
    for (const service of [withDemo.feed, withDemo.gateway]) {
      const config = of(service);
      expect(config.environment).toBe('simulated');
      expect(config.feed.allowTestData).toBe(false);
      for (const venue of config.feed.venues) {
        for (const url of config.venues[venue].restUrls) expect(url).toMatch(/^http:\/\/simulator:9100\//);
        for (const url of config.venues[venue].websocketUrls) expect(url).toMatch(/^ws:\/\/simulator:9100\//);
      }
    }
    // The two feeds have different spill folders, so each delivers only its own spill.
    expect(of(withDemo.feed).spill.dir).not.toBe(of(base.services.feed).spill.dir);
  });
});

describe('the sets of services', () => {
  it('are Kafka and the feed without a profile, and all services with the profile whole', () => {
    const always = Object.entries(base.services).filter(([, { profiles }]) => profiles === undefined);
    expect(always.map(([name]) => name).sort()).toEqual(['feed', 'kafka']);
    expect(new Set(Object.values(base.services).flatMap(({ profiles }) => profiles ?? []))).toEqual(new Set(['whole']));
    expect(whole.COMPOSE_PROFILES).toBe('whole');
  });

  it.each(everyService)('$name in $file depends only on services of its set', ({ file, service }) => {
    const services = file === 'docker-compose.yml' ? base.services : withDemo;
    for (const name of service.depends_on ?? []) {
      const needed = services[name];
      expect(needed, name).toBeDefined();
      for (const profile of needed?.profiles ?? []) expect(service.profiles).toContain(profile);
    }
  });

  it('publish each port once', () => {
    const ports = Object.values(withDemo).flatMap((service) => (service.ports ?? []).map((port) => port.split(':')[1]));
    expect(ports.length).toBeGreaterThan(5);
    expect(new Set(ports).size).toBe(ports.length);
  });
});

describe('Dockerfile', () => {
  it('has the version of package.json and the base image of the Compose file', () => {
    expect(/^ARG VERSION=(.*)$/m.exec(dockerfile)?.[1]).toBe(version);
    const built = readFileSync(path.join(root, 'docker-compose.yml'), 'utf8');
    const image = /^ARG NODE_IMAGE=(.*)$/m.exec(dockerfile)?.[1];
    expect(image).toMatch(/^node:24\.\d+\.\d+-bookworm-slim@sha256:[\da-f]{64}$/);
    expect(/NODE_IMAGE:-(.*)\}/.exec(built)?.[1]).toBe(image);
  });

  it('copies only files that exist and that .dockerignore allows', () => {
    const allowed = readFileSync(path.join(root, '.dockerignore'), 'utf8').match(/(?<=^!).+$/gm) ?? [];
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(
      ([, names]) => names?.split(' ') ?? [],
    );
    expect(copied.length).toBeGreaterThan(5);
    for (const name of copied) {
      expect(existsSync(path.join(root, name)), name).toBe(true);
      expect(allowed).toContain(name);
    }
  });
});
