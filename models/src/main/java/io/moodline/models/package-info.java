/**
 * Model bundles, and the networks in them as ONNX graphs written from named weights. Knows pictures
 * of faces and scores; nothing of streams, topics or detectors. ONNX types stay inside.
 */
@NullMarked
package io.moodline.models;

import org.jspecify.annotations.NullMarked;
