// The page that plays a setlist.

import { findElement } from "stemoteca/dom";
import { SetlistPlayer } from "stemoteca/setlist_player/setlist_player";

const root = findElement(document, "[data-setlist]", HTMLElement);
if (root) new SetlistPlayer(root).begin();
