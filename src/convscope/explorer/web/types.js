// The records that pass between the modules; this file holds nothing that runs.

/**
 * An array that came with a reply.
 * @typedef {{shape: number[], data: Float32Array | Uint8Array | Int32Array}} Numbers
 */

/**
 * @typedef {object} LayerInfo
 * @property {number} index
 * @property {string} name
 * @property {string} kind
 * @property {string} operation
 * @property {(number | null)[]} shape channels, height, width; null where it depends on the image
 * @property {(number | null)[]} space
 * @property {string[]} dims
 * @property {number} parameters
 * @property {number[] | null} receptive_field
 * @property {boolean} whole
 * @property {boolean} composite
 * @property {string[] | null} inputs
 * @property {boolean} linear
 * @property {boolean} weights whether its arithmetic is understood
 */

/**
 * @typedef {object} NetworkInfo
 * @property {string} name
 * @property {string} source
 * @property {string[]} networks
 * @property {number[]} parameters
 * @property {{name: string, shape: (number | null)[], dtype: string}[]} inputs
 * @property {string | null} preparation
 * @property {boolean} takes_images
 * @property {[number, number] | null} size
 * @property {1 | 3 | null} colours
 * @property {boolean} draws
 * @property {string[]} labels
 * @property {{name: string, layer: string, activation: string, classes: number | null}[]} outputs
 * @property {boolean} differentiable
 * @property {LayerInfo[]} layers
 * @property {{name: string, first: number, last: number}[]} blocks
 * @property {[number, number][]} edges
 * @property {{name: string, label: number | null, class_name: string, thumbnail: Numbers}[]} images
 * @property {SurveyInfo | null} [survey]
 * @property {FilmInfo | null} [film]
 * @property {Lesson[]} lessons
 * @property {{name: string, of_layer: boolean, differentiates: boolean, scored: boolean, reference: string}[]} methods
 * @property {string[]} colormaps
 * @property {Object<string, Numbers>} palettes
 * @property {string[]} words
 * @property {boolean} live
 * @property {string[]} [left_out] what a report does not hold; see scope.unavailable
 * @property {string} version
 */

/**
 * The frames of a film: how many updates the weights had had at each, and the layers with maps of
 * their own in training mode.
 * @typedef {{steps: number[], training: string[]}} FilmInfo
 */

/**
 * A list of what the page shows, with a sentence each.
 * @typedef {object} Lesson
 * @property {string} name
 * @property {string} title
 * @property {{show: string, say: string, panel: string}[]} steps `show`: an address behind its hash; `panel`: what it is about, or empty
 */

/**
 * A survey of the network; the channels of its layers stand in one row.
 * @typedef {object} SurveyInfo
 * @property {string} path
 * @property {string} dataset
 * @property {number} images how many were surveyed
 * @property {number} planned
 * @property {boolean} finished
 * @property {number} skipped
 * @property {number | null} accuracy
 * @property {string[]} classes of the dataset; none where it has no labels
 * @property {number[] | null} truth by class, the output that means it
 * @property {string} ranking peak or contribution
 * @property {string} among all or mistakes
 * @property {{name: string, channels: number, maps: boolean}[]} layers `maps`: whether mean maps of the classes were kept
 * @property {string[]} words
 * @property {Numbers} codes
 * @property {Numbers} fired on how many images
 */

/**
 * @typedef {{output?: string, index: number, label: string | null, score: number}} Prediction
 * @typedef {{words: string, value: number, index: number}} Score
 */

/**
 * @typedef {object} RunInfo
 * @property {string} run
 * @property {string} image
 * @property {number | null} label
 * @property {string} [class_name]
 * @property {Numbers | null} seen
 * @property {Given[]} [given] what is no picture, by input
 * @property {string} fed
 * @property {string[]} warnings
 * @property {Prediction[]} predictions
 * @property {Numbers | null} logits
 * @property {string} activation
 * @property {Score | null} score
 * @property {Object<string, number[]>} muted
 * @property {{predictions: Prediction[], logits: Numbers | null, score: Score | null} | null} before
 * @property {number[]} [targets] the classes that a report explains
 * @property {number} milliseconds
 * @property {any[]} then
 */

/**
 * One input that is no picture; without values where it has other axes or is too large.
 * @typedef {object} Given
 * @property {string} name
 * @property {number[]} shape as the network takes it
 * @property {Numbers | null} values channel, y, x: of a volume the slice that is looked at
 * @property {number[]} [space]
 * @property {Depth | null} [depth]
 * @property {number} [low] of all its values
 * @property {number} [high]
 */

/**
 * Which slice of a volume is shown; null where the largest value along the depth is.
 * @typedef {{slices: number, slice: number | null}} Depth
 */

/**
 * Maps of one layer on one run, as a reply holds them.
 * @typedef {object} LayerReply
 * @property {string} layer
 * @property {[number, number, number]} shape
 * @property {number[]} space
 * @property {string[]} dims
 * @property {Depth | null} [depth]
 * @property {{sigma_low: Numbers, sigma_high: Numbers, robust: [number, number]}} [whole_spans] of volumes: of all slices
 * @property {Numbers | null} values
 * @property {Numbers | null} levels
 * @property {string} [scale] of the levels
 * @property {Numbers} [span_low]
 * @property {Numbers} [span_high]
 * @property {Numbers} low
 * @property {Numbers} high
 * @property {{low: Numbers, high: Numbers}} [ends] of a film: smallest and largest value of each map over all frames
 * @property {Numbers} mean
 * @property {Numbers} maximum
 * @property {Numbers} positive
 * @property {boolean} signed
 * @property {Numbers} codes
 * @property {Object<string, string>} reasons
 * @property {[number | null, number | null]} bounds
 */

/**
 * @typedef {object} SheetReply
 * @property {number} tile
 * @property {{name: string, channels: number, height: number, width: number}[]} layers
 * @property {Numbers} levels
 * @property {Numbers} low
 * @property {Numbers} high
 * @property {Numbers} maximum
 * @property {boolean[]} signed
 * @property {Numbers} codes
 */

/**
 * @typedef {object} BooksReply
 * @property {string} words
 * @property {number} score
 * @property {number} index
 * @property {{name: string, maps: number, biases: number, remainder: number, crossed: boolean, reason: string}[]} layers
 * @property {Numbers} shares
 * @property {number[]} channels
 */

/**
 * Where an image comes from: one of those that the explorer was given, or the page's own.
 * @typedef {object} Picture
 * @property {string} name
 * @property {string} kind given, file, drawing, camera or survey
 * @property {number} [survey] its index in the dataset that was surveyed
 * @property {number} [index] of those that were given
 * @property {Uint8Array} [bytes] of a file
 * @property {{data: Uint8Array, shape: [number, number, number]}} [pixels]
 * @property {Numbers | null} thumbnail
 */

/**
 * All that the address holds.
 * @typedef {object} State
 * @property {string} mode sheet or layer
 * @property {number} network
 * @property {number} image
 * @property {string} layer
 * @property {number} channel
 * @property {[number, number] | null} unit pinned position, y and x
 * @property {null | number | [number, number]} target
 * @property {string} colormap auto or a name
 * @property {string} scale
 * @property {string} sort
 * @property {number} tile pixels across a tile of the mosaic
 * @property {Object<string, number[]>} mute
 * @property {Object<string, number[]>} solo
 * @property {string} method of the heat map, or empty
 * @property {number} opacity of the heat map, 0 to 1
 * @property {string} theme auto, light or dark
 * @property {string} compare what is compared at the bottom, or empty
 * @property {number} other the second image, class, layer index or network of the comparison
 * @property {number} first the first class of the survey of the comparison
 * @property {string} filter which maps the mosaic shows: empty for all, dead, silent, class:INDEX
 * @property {number} surveyed the image of the survey that is looked at, by its index; -1 for another
 * @property {number} frame which frame of a film, by its index; -1 for the newest
 * @property {boolean} training whether a film shows its maps in training mode
 * @property {string} view where the sheet is: x,y,zoom,width x height of the view it was laid out for; empty shows all
 * @property {string[]} folded names of blocks that the sheet shows as one group
 * @property {string} look what is shown of the pinned map: values, shares, photo or field
 * @property {boolean} table whether the table twin is shown
 * @property {string} flat how volumes are looked at: slice or maximum
 * @property {number} slice which slice, as a share of the depth from 0 to 1
 * @property {string} signal how signals are shown: auto, lines or strip
 * @property {string} lesson which lesson is under way, and its step from 1: name,step; empty for none
 * @property {string} strip which part of the bottom strip is open: compare, images, through, books; empty where it is folded
 */

export {};
