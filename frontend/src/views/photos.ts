/** Pages with photos on a form and nothing else of their own. */
import { connectPhotos } from "../photos";

connectPhotos();
