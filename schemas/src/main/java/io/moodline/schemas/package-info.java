@org.jspecify.annotations.NullMarked
package io.moodline.schemas;
