package io.moodline.models;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.Locale;

/**
 * Stores a fitted temperature and what was measured with it in a user's bundle. Network and labels
 * stay as they are; canaries are scored anew and the bundle is sealed again, so its digest changes.
 * Thread-safe.
 */
public final class BundleCalibration {
  private BundleCalibration() {}

  /**
   * Writes the bundle {@code bundles/<name>} again with the temperature, and loads it.
   *
   * @param dataSet what the temperature was fitted on and the report measured on, for the card
   * @param report the figures at that temperature
   */
  public static Bundle store(
      Path bundles, String name, double temperature, String dataSet, Evaluation.Report report) {
    if (!(temperature > 0.01 && temperature < 100)) {
      throw new BundleException("a temperature of " + temperature + " is none; fit it again");
    }
    Bundle bundle = new Bundles(bundles).installed(name);
    ObjectNode measured = Manifest.JSON.createObjectNode();
    measured.put("dataSet", dataSet).put("protocol", "temperature fitted on another split of it");
    measured.put("temperature", temperature).put("faces", report.faces());
    measured.put("accuracy", report.accuracy()).put("balancedAccuracy", report.balancedAccuracy());
    measured.put("macroF1", report.macroF1()).put("calibrationError", report.calibrationError());
    report.recall().forEach(measured.putObject("recall")::put);
    String card =
        String.format(
            Locale.ROOT,
            "\n## Calibration\nTemperature %.3f, fitted on %s: accuracy %.4f, expected calibration"
                + " error %.4f over %d faces.\n",
            temperature,
            dataSet,
            report.accuracy(),
            report.calibrationError(),
            report.faces());
    BundleWriter.Contents contents =
        bundle.contents().calibrated(temperature).measured(measured, card);
    return BundleWriter.replace(bundles, contents, bundle.model());
  }
}
