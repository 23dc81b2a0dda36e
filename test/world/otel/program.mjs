// a program with the SDK of OpenTelemetry, whose exporters store in memory; prints what they have
import { context, metrics, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { clientCredentials, createClient, nodePlatform } from 'imskit/node'

const spans = new InMemorySpanExporter()
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] })
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
trace.setGlobalTracerProvider(provider)
const measured = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
const reader = new PeriodicExportingMetricReader({ exporter: measured, exportIntervalMillis: 3_600_000 })
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }))
await import('./tracing.mjs')

const { endpoint, credential } = JSON.parse(process.argv[2])
const client = createClient({
  flow: clientCredentials(credential),
  endpoint,
  ...nodePlatform(),
  retry: { retries: 1, baseDelay: 1 },
})
await trace.getTracer('app').startActiveSpan('handle request', async (span) => {
  await client.getToken()
  span.end()
})
// the second is refused
const failed = await client.getToken({ force: true }).catch(({ code }) => code)
await reader.forceFlush()

const told = spans.getFinishedSpans().map((span) => ({
  name: span.name,
  id: span.spanContext().spanId,
  parent: span.parentSpanContext?.spanId,
  attributes: span.attributes,
  failed: span.status.code === SpanStatusCode.ERROR,
  ms: span.duration[0] * 1e3 + span.duration[1] / 1e6,
}))
const points = measured.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
console.log(
  JSON.stringify({
    failed,
    spans: told,
    metrics: points.map(({ descriptor, dataPoints }) => ({
      name: descriptor.name,
      points: dataPoints.map(({ attributes, value }) => ({ attributes, count: value.count ?? value })),
    })),
  }),
)
process.exit()
