import { decode, encode, type SourceMapSegment } from '@jridgewell/sourcemap-codec'
import type { OutputAsset, OutputBundle, Plugin } from 'rollup'

/** Source maps without the names of variables: the place is enough to read a stack, and they are a third of the size. */
export const placesOnly: Plugin = {
  name: 'places-only',
  generateBundle: {
    order: 'post',
    handler(_: unknown, bundle: OutputBundle) {
      const maps = Object.values(bundle).filter(
        (file): file is OutputAsset => file.type === 'asset' && file.fileName.endsWith('.map'),
      )
      if (maps.length === 0) this.error('there is no source map')
      for (const file of maps) {
        const map = JSON.parse(String(file.source))
        const lines = decode(map.mappings).map((line) =>
          line.map((segment): SourceMapSegment => {
            const [column] = segment
            return segment.length === 1 ? [column] : [column, segment[1], segment[2], segment[3]]
          }),
        )
        file.source = JSON.stringify({ ...map, names: [], mappings: encode(lines) })
      }
    },
  },
}
