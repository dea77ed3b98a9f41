package io.moodline.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class EventTextTest {
  private final EventText text = new EventText();

  private String line(String event, String data) throws Exception {
    return text.line(event, ApiClient.JSON.readTree(data.replace('\'', '"'))).orElse("");
  }

  @Test
  void namesFacesSoThatTheyCanBeExplained() throws Exception {
    String start =
        "{'stream':'lobby','run':'r-1','sequence':9,'face':0,'time':'2026-11-27T01:59:30.931Z',";
    assertThat(
            line(
                "emotion",
                start + "'track':166,'label':'happiness','score':0.98765,'withheld':[]}"))
        .isEqualTo("2026-11-27T01:59:30.931Z  face  166  happiness  0.99   lobby/r-1/9/0");
    assertThat(
            line(
                "emotion",
                start + "'track':null,'label':null,'score':null,'withheld':['SMALL','BLURRED']}"))
        .isEqualTo("2026-11-27T01:59:30.931Z  face    -  withheld: SMALL, BLURRED  lobby/r-1/9/0");
  }

  @Test
  void saysAStateOnce() throws Exception {
    String streaming = "{'since':'2026-11-27T01:59:29.086Z','state':'STREAMING','reason':null,";
    assertThat(line("status", streaming + "'published':1}"))
        .isEqualTo("2026-11-27T01:59:29.086Z  stream    STREAMING");
    assertThat(line("status", streaming + "'published':2}")).isEmpty();
    assertThat(
            line(
                "status",
                "{'since':'2026-11-27T02:00:00.000Z','state':'BACKING_OFF','reason':'it ended'}"))
        .isEqualTo("2026-11-27T02:00:00.000Z  stream    BACKING_OFF: it ended");
    assertThat(line("status", streaming + "'published':3}")).endsWith("STREAMING");
    assertThat(line("status", "{'stream':'lobby','state':'REMOVED'}")).endsWith("REMOVED");
  }

  @Test
  void saysASegmentWhenItIsOver() throws Exception {
    String segment =
        "{'track':7,'label':'anger','start':'2026-11-27T01:00:00.000Z',"
            + "'end':'2026-11-27T01:00:02.500Z','meanScore':0.75,'final':";
    assertThat(line("segment", segment + "false}")).isEmpty();
    assertThat(line("segment", segment + "true}"))
        .isEqualTo("2026-11-27T01:00:00.000Z  face    7  kept anger for 2.5 s, mean score 0.75");
  }

  @Test
  void tellsTracksAlertsAndGaps() throws Exception {
    String track = "{'track':7,'otherTrack':5,'frames':23,'time':'2026-11-27T01:00:00.000Z',";
    assertThat(line("track", track + "'event':'ENTRY'}")).endsWith("face    7  came into view");
    assertThat(line("track", track + "'event':'EXIT'}")).endsWith("has gone, after 23 frames");
    assertThat(line("track", track + "'event':'MERGE'}")).endsWith("went into face 5");
    String alert = "{'rule':'loud','start':'2026-11-27T01:00:00.000Z','message':'anger',";
    assertThat(line("alert", alert + "'state':'FIRING','end':null}"))
        .isEqualTo("2026-11-27T01:00:00.000Z  alert     loud firing: anger");
    assertThat(line("alert", alert + "'state':'RESOLVED','end':'2026-11-27T01:00:09.000Z'}"))
        .isEqualTo("2026-11-27T01:00:09.000Z  alert     loud resolved: anger");
    assertThat(line("gap", "{'reason':'too old'}")).isEqualTo("events are missing: too old");
    assertThat(line("news", "{'a':1}")).isEqualTo("news {\"a\":1}");
  }
}
