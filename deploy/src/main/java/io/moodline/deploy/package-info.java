@org.jspecify.annotations.NullMarked
package io.moodline.deploy;
