import { decode, encode, type SourceMapSegment } from '@jridgewell/sourcemap-codec'
import type { OutputAsset, OutputBundle, Plugin } from 'rollup'

/**
 * The mappings of a source map without names of variables, and with one segment for each run of code from one line. A
 * lookup at any column finds the same file and line; the modules that the maps refer to have one statement per line.
 */
export function linesOf(mappings: string): string {
  const lines = decode(mappings).map((line) => {
    let previous: SourceMapSegment | undefined
    return line.flatMap((segment): SourceMapSegment[] => {
      const isSameLine = previous !== undefined && segment[1] === previous[1] && segment[2] === previous[2]
      previous = segment
      if (isSameLine) return []
      const [column] = segment
      return segment.length === 1 ? [[column]] : [[column, segment[1], segment[2], segment[3]]]
    })
  })
  return encode(lines)
}

/** Source maps with files and lines only, which is what a stack needs: they are a seventh of the size. */
export const linesOnly: Plugin = {
  name: 'lines-only',
  generateBundle: {
    order: 'post',
    handler(_: unknown, bundle: OutputBundle) {
      const maps = Object.values(bundle).filter(
        (file): file is OutputAsset => file.type === 'asset' && file.fileName.endsWith('.map'),
      )
      if (maps.length === 0) this.error('there is no source map')
      for (const file of maps) {
        const map = JSON.parse(String(file.source))
        file.source = JSON.stringify({ ...map, names: [], mappings: linesOf(map.mappings) })
      }
    },
  },
}
